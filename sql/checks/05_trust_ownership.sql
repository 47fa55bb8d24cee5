-- Trust money is that of the case's client, and pays only this client's invoices.
SELECT t.id, t.client_id, c.client_id AS client_of_case, i.invoice_number
  FROM public.trust_transactions t
  JOIN public.cases c ON c.id = t.case_id
  LEFT JOIN public.invoices i ON i.id = t.invoice_id
 WHERE t.client_id <> c.client_id
    OR t.client_id <> i.client_id;
