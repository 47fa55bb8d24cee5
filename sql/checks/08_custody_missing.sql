-- Every item of evidence has a chain of custody.
SELECT i.case_id, i.evidence_number
  FROM public.evidence_items i
 WHERE i.deleted_at IS NULL
   AND NOT EXISTS (SELECT FROM public.chain_of_custody_events c WHERE c.evidence_item_id = i.id);
