SELECT 'pg_statistic_ext'::regclass::oid::bigint, x.oid::bigint, 0, format('%I.%I', s.nspname, x.stxname), NULL::text,
       pg_get_statisticsobjdef(x.oid), format('DROP STATISTICS %I.%I', s.nspname, x.stxname),
       jsonb_build_object('kind', 'statistics')
  FROM pg_statistic_ext x JOIN spaces s ON s.oid = x.stxnamespace JOIN tables t ON t.oid = x.stxrelid
