-- A chain of custody has no gap: numbers and times ascend, each giver is the last receiver.
SELECT e.evidence_item_id, e.sequence_number, e.from_holder, e.previous_holder
  FROM (
    SELECT c.*,
           row_number() OVER chain        AS expected_number,
           lag(c.to_holder) OVER chain    AS previous_holder,
           lag(c.occurred_at) OVER chain  AS previous_at
      FROM public.chain_of_custody_events c
    WINDOW chain AS (PARTITION BY c.evidence_item_id ORDER BY c.sequence_number)) e
 WHERE e.sequence_number <> e.expected_number
    OR e.occurred_at < e.previous_at
    OR (e.sequence_number > 1 AND e.from_holder IS DISTINCT FROM e.previous_holder);
