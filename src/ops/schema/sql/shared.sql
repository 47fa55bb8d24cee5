-- In front of every question: the schemas that are looked at, and what belongs to an extension.
WITH spaces AS (
    SELECT oid, nspname FROM pg_namespace
     WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'lexi')
), members AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), relations AS (
    SELECT c.*, format('%I.%I', s.nspname, c.relname) AS id, s.nspname
      FROM pg_class c JOIN spaces s ON s.oid = c.relnamespace
     WHERE NOT EXISTS (SELECT FROM members m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
       -- The histories of lexi's neighbours: their own matter, like lexi's.
       AND c.relname NOT IN ('_sqlx_migrations', 'schema_migrations')
), tables AS (
    -- Partitions and inheritance are not compared; the proof names them.
    SELECT * FROM relations c
     WHERE relkind = 'r' AND NOT relispartition
       AND NOT EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent))
)
