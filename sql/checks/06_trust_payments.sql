-- No invoice was paid more from trust than it has received in all.
SELECT i.invoice_number, i.paid_amount, sum(t.amount) AS paid_from_trust
  FROM public.invoices i
  JOIN public.trust_transactions t ON t.invoice_id = i.id AND t.kind = 'fee_transfer'
 GROUP BY i.id
HAVING sum(t.amount) > i.paid_amount;
