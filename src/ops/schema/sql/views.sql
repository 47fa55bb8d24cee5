SELECT 'pg_class'::regclass::oid::bigint, c.oid::bigint, 0, c.id, NULL::text,
       format('CREATE %s %s%s AS'||E'\n'||'%s', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END, c.id,
              coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', ''), rtrim(pg_get_viewdef(c.oid), ';')),
       format('DROP %s %s', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END, c.id),
       jsonb_build_object('kind', CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized_view' END, 'columns',
           (SELECT jsonb_agg(concat_ws(' ', quote_ident(attname), format_type(atttypid, atttypmod), attcollation::regcollation) ORDER BY attnum)
              FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped))
  FROM relations c
 WHERE c.relkind IN ('v', 'm')
