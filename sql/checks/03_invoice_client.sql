-- An invoice goes to the client of its case.
SELECT i.invoice_number, i.client_id, c.client_id AS client_of_case
  FROM public.invoices i
  JOIN public.cases c ON c.id = i.case_id
 WHERE c.client_id <> i.client_id;
