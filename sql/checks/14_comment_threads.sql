-- An answer hangs on the same thing as the comment it answers, and is not older.
SELECT a.id, a.parent_id
  FROM public.comments a
  JOIN public.comments q ON q.id = a.parent_id
 WHERE (a.case_id, a.document_id, a.task_id) IS DISTINCT FROM (q.case_id, q.document_id, q.task_id)
    OR a.created_at < q.created_at;
