SELECT 'pg_trigger'::regclass::oid::bigint, g.oid::bigint, 0, format('%I ON %s', g.tgname, c.id), c.id,
       pg_get_triggerdef(g.oid), format('DROP TRIGGER %I ON %s', g.tgname, c.id),
       jsonb_build_object('kind', 'trigger', 'table', c.id, 'name', quote_ident(g.tgname),
           'firing', CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END)
  FROM pg_trigger g
  JOIN (SELECT oid, id FROM tables UNION ALL SELECT oid, id FROM relations WHERE relkind = 'v') c ON c.oid = g.tgrelid
 WHERE NOT g.tgisinternal AND g.tgparentid = 0
   AND NOT EXISTS (SELECT FROM members m WHERE m.classid = 'pg_trigger'::regclass AND m.objid = g.oid)
