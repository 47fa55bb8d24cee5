-- A billed line names its invoice, an invoice's line is billed, belongs to its case and lies in
-- its period. A void invoice has no lines: they are free to be billed again.
SELECT l.source_table, l.id, l.status, i.invoice_number
  FROM (
    SELECT 'time_entries' AS source_table, id, status::text, invoice_id, case_id, worked_on AS on_day
      FROM public.time_entries WHERE deleted_at IS NULL
    UNION ALL
    SELECT 'firm_expenses', id, status::text, invoice_id, case_id, incurred_on
      FROM public.firm_expenses WHERE deleted_at IS NULL) l
  LEFT JOIN public.invoices i ON i.id = l.invoice_id
 WHERE (l.status = 'billed') <> (i.id IS NOT NULL)
    OR i.status = 'void'
    OR l.case_id <> i.case_id
    OR l.on_day NOT BETWEEN i.period_start_on AND i.period_end_on;
