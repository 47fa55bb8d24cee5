-- Views for the daily questions of billing.

CREATE VIEW public.trust_balances AS
SELECT t.client_id,
       t.case_id,
       t.currency,
       sum(t.signed_amount) AS balance,
       count(*)             AS entry_count,
       max(t.occurred_on)   AS last_entry_on
  FROM public.trust_transactions t
 GROUP BY t.client_id, t.case_id, t.currency;

CREATE VIEW public.unbilled_work AS
SELECT t.case_id,
       count(*)         AS entry_count,
       sum(t.hours)     AS hours,
       sum(t.amount)    AS amount,
       min(t.worked_on) AS oldest_on
  FROM public.time_entries t
 WHERE t.is_billable
   AND t.status IN ('submitted', 'approved')
   AND t.invoice_id IS NULL
   AND t.deleted_at IS NULL
 GROUP BY t.case_id;
