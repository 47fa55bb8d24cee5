-- An invoice says what its time entries and expenses say. One whose case was removed is left out:
-- its time entries went with the case.
SELECT i.invoice_number, i.fees_amount, t.fees, i.expenses_amount, e.expenses
  FROM public.invoices i
 CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount), 0) AS fees FROM public.time_entries
     WHERE invoice_id = i.id AND deleted_at IS NULL) t
 CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount), 0) AS expenses FROM public.firm_expenses
     WHERE invoice_id = i.id AND deleted_at IS NULL) e
 WHERE i.case_id IS NOT NULL
   AND i.deleted_at IS NULL
   AND (i.fees_amount, i.expenses_amount) IS DISTINCT FROM (t.fees, e.expenses);
