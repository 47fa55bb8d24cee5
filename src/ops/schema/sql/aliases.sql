-- Addresses that stand for another object: (class, object) -> (class, object, column).
SELECT a::bigint, b::bigint, c::bigint, d::bigint, e
  FROM (
SELECT 'pg_type'::regclass::oid AS a, t.oid AS b, 'pg_class'::regclass::oid AS c, t.typrelid AS d, 0 AS e
  FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid WHERE c.relkind <> 'c'
UNION ALL SELECT 'pg_class'::regclass::oid, t.typrelid, 'pg_type'::regclass::oid, t.oid, 0
  FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid WHERE c.relkind = 'c'
UNION ALL SELECT 'pg_type'::regclass::oid, t.typarray, 'pg_type'::regclass::oid, t.oid, 0 FROM pg_type t WHERE t.typarray <> 0
UNION ALL SELECT 'pg_class'::regclass::oid, k.conindid, 'pg_constraint'::regclass::oid, k.oid, 0
  FROM pg_constraint k WHERE k.contype IN ('p', 'u', 'x')
UNION ALL SELECT 'pg_rewrite'::regclass::oid, r.oid, 'pg_class'::regclass::oid, r.ev_class, 0
  FROM pg_rewrite r WHERE r.rulename = '_RETURN'
UNION ALL SELECT d.classid, d.objid, d.refclassid, d.refobjid, 0 FROM pg_depend d WHERE d.deptype = 'e'
UNION ALL SELECT 'pg_class'::regclass::oid, d.objid, d.refclassid, d.refobjid, d.refobjsubid
  FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
 WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'i'
UNION ALL SELECT 'pg_attrdef'::regclass::oid, d.oid, 'pg_class'::regclass::oid, d.adrelid, d.adnum
  FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attgenerated = 's'
UNION ALL SELECT 'pg_constraint'::regclass::oid, k.oid, 'pg_type'::regclass::oid, k.contypid, 0
  FROM pg_constraint k WHERE k.contypid <> 0
  ) pairs
