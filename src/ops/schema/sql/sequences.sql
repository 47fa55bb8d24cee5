SELECT 'pg_class'::regclass::oid::bigint, c.oid::bigint, 0, c.id, NULL::text,
       format('CREATE %sSEQUENCE %s', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, c.id) || options, 'DROP SEQUENCE ' || c.id,
       jsonb_build_object('kind', 'sequence', 'options', options)
  FROM relations c
  JOIN pg_sequence q ON q.seqrelid = c.oid
 CROSS JOIN LATERAL (SELECT format(' AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s %sCYCLE',
           format_type(seqtypid, NULL), seqincrement, seqmin, seqmax, seqstart, seqcache,
           CASE WHEN seqcycle THEN '' ELSE 'NO ' END) AS options) o
 WHERE NOT EXISTS (SELECT FROM pg_depend d
           WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
