SELECT 'pg_policy'::regclass::oid::bigint, p.oid::bigint, 0, format('%I ON %s', p.polname, c.id), c.id,
       format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.polname, c.id,
              CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
              CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
              (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ' ORDER BY r) FROM unnest(p.polroles) r))
           || coalesce(E'\n    USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
           || coalesce(E'\n    WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''),
       format('DROP POLICY %I ON %s', p.polname, c.id),
       jsonb_build_object('kind', 'policy')
  FROM pg_policy p JOIN tables c ON c.oid = p.polrelid
