-- Tables that are not compared: they have parents, children or partitions, or are kept elsewhere.
SELECT c.id FROM relations c
 WHERE c.relkind IN ('r', 'p', 'f') AND NOT EXISTS (SELECT FROM tables t WHERE t.oid = c.oid)
