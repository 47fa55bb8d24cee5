SELECT 'pg_class'::regclass::oid::bigint, c.oid::bigint, a.attnum::int, format('%s.%I', c.id, a.attname), c.id,
       '', format('ALTER TABLE %s DROP COLUMN %I', c.id, a.attname),
       jsonb_build_object('kind', 'column', 'name', quote_ident(a.attname), 'position', a.attnum,
           'type', format_type(a.atttypid, a.atttypmod),
           'collation', CASE WHEN a.attcollation <> t.typcollation THEN
               (SELECT format('%I.%I', cn.nspname, co.collname) FROM pg_collation co
                  JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = a.attcollation) END,
           'not_null', a.attnotnull,
           'generated', CASE WHEN a.attgenerated = 's' THEN pg_get_expr(d.adbin, d.adrelid) END,
           'identity', CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END,
           'sequence', CASE WHEN a.attidentity <> '' THEN
               -- Only what differs from what PostgreSQL would choose.
               (SELECT concat_ws(' ',
                       CASE WHEN q.relname <> left(format('%s_%s_seq', c.relname, a.attname), 63) OR q.relnamespace <> c.relnamespace
                            THEN format('SEQUENCE NAME %I.%I', n.nspname, q.relname) END,
                       CASE WHEN seqincrement <> 1 THEN 'INCREMENT BY ' || seqincrement END,
                       CASE WHEN seqmin <> 1 THEN 'MINVALUE ' || seqmin END,
                       CASE WHEN seqmax <> CASE seqtypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647 ELSE 9223372036854775807 END
                            THEN 'MAXVALUE ' || seqmax END,
                       CASE WHEN seqstart <> 1 THEN 'START WITH ' || seqstart END,
                       CASE WHEN seqcache <> 1 THEN 'CACHE ' || seqcache END,
                       CASE WHEN seqcycle THEN 'CYCLE' END)
                  FROM pg_depend i JOIN pg_class q ON q.oid = i.objid AND q.relkind = 'S'
                  JOIN pg_namespace n ON n.oid = q.relnamespace JOIN pg_sequence ON seqrelid = q.oid
                 WHERE i.classid = 'pg_class'::regclass AND i.deptype = 'i' AND i.refclassid = 'pg_class'::regclass
                   AND i.refobjid = c.oid AND i.refobjsubid = a.attnum) END,
           'storage', CASE WHEN a.attstorage <> t.typstorage THEN
               CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END,
           'default_storage', CASE t.typstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END,
           'statistics', a.attstattarget)
  FROM tables c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
