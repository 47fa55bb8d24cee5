-- Which column a sequence goes with.
SELECT 0::bigint, c.oid::bigint, 0, c.id, NULL::text,
       format('ALTER SEQUENCE %s OWNED BY %s.%I', c.id, t.id, a.attname),
       format('ALTER SEQUENCE %s OWNED BY NONE', c.id),
       jsonb_build_object('kind', 'ownership', 'column', format('%s.%I', t.id, a.attname))
  FROM relations c
  JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'a'
       AND d.refclassid = 'pg_class'::regclass
  JOIN tables t ON t.oid = d.refobjid
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
 WHERE c.relkind = 'S'
