SELECT 'pg_class'::regclass::oid::bigint, c.oid::bigint, 0, c.id, NULL::text,
       format('CREATE %sTABLE %s', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, c.id),
       'DROP TABLE ' || c.id,
       jsonb_build_object('kind', 'table', 'unlogged', c.relpersistence = 'u',
           'options', coalesce(to_jsonb(c.reloptions), '[]'),
           'row_security', c.relrowsecurity, 'force_row_security', c.relforcerowsecurity,
           'identity', CASE c.relreplident WHEN 'n' THEN 'NOTHING' WHEN 'f' THEN 'FULL' ELSE 'DEFAULT' END)
  FROM tables c
