SELECT 'pg_namespace'::regclass::oid::bigint, oid::bigint, 0, quote_ident(nspname), NULL::text,
       format('CREATE SCHEMA %I', nspname), format('DROP SCHEMA %I', nspname),
       jsonb_build_object('kind', 'schema')
  FROM spaces n
 WHERE NOT EXISTS (SELECT FROM members m WHERE m.classid = 'pg_namespace'::regclass AND m.objid = n.oid)
