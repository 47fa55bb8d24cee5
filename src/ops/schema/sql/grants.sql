-- Rights of others than the owner and this user; what PUBLIC has by default and was taken is a revocation.
SELECT o.classid::bigint, o.objid::bigint, o.subid,
       coalesce((SELECT jsonb_agg(DISTINCT jsonb_build_array(CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END, g.privilege_type, g.is_grantable))
          FROM aclexplode(o.acl) g
         WHERE g.grantee NOT IN (o.owner, current_user::regrole::oid)
           AND NOT EXISTS (SELECT FROM aclexplode(o.preset) p WHERE p.grantee = g.grantee AND p.privilege_type = g.privilege_type AND p.is_grantable = g.is_grantable)), '[]'),
       coalesce((SELECT jsonb_agg(DISTINCT jsonb_build_array('PUBLIC', p.privilege_type, false))
          FROM aclexplode(o.preset) p
         WHERE p.grantee = 0
           AND NOT EXISTS (SELECT FROM aclexplode(o.acl) g WHERE g.grantee = 0 AND p.privilege_type = g.privilege_type)), '[]')
  FROM (
    SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, 0 AS subid, c.relacl AS acl, c.relowner AS owner,
           acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner) AS preset
      FROM relations c WHERE c.relkind IN ('r', 'v', 'm', 'S') AND c.relacl IS NOT NULL
    UNION ALL
    SELECT 'pg_class'::regclass::oid, c.oid, a.attnum, a.attacl, c.relowner, acldefault('c', c.relowner)
      FROM tables c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL
    UNION ALL
    SELECT 'pg_proc'::regclass::oid, p.oid, 0, p.proacl, p.proowner, acldefault('f', p.proowner)
      FROM pg_proc p WHERE p.proacl IS NOT NULL
    UNION ALL
    SELECT 'pg_type'::regclass::oid, t.oid, 0, t.typacl, t.typowner, acldefault('T', t.typowner)
      FROM pg_type t WHERE t.typacl IS NOT NULL
    UNION ALL
    SELECT 'pg_namespace'::regclass::oid, n.oid, 0, n.nspacl, n.nspowner, acldefault('n', n.nspowner)
      FROM pg_namespace n JOIN spaces s ON s.oid = n.oid WHERE n.nspacl IS NOT NULL AND n.nspname <> 'public'
  ) o
