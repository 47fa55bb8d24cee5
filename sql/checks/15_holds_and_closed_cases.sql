-- A case is not archived while one of its legal holds is active.
SELECT c.case_number, h.name
  FROM public.legal_holds h
  JOIN public.cases c ON c.id = h.case_id
 WHERE h.status = 'active'
   AND (c.status = 'archived' OR c.deleted_at IS NOT NULL);
