SELECT 'pg_attrdef'::regclass::oid::bigint, d.oid::bigint, 0, format('%s.%I', c.id, a.attname), format('%s.%I', c.id, a.attname),
       format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', c.id, a.attname, pg_get_expr(d.adbin, d.adrelid)),
       format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', c.id, a.attname),
       jsonb_build_object('kind', 'default', 'expression', pg_get_expr(d.adbin, d.adrelid))
  FROM tables c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
