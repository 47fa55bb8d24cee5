-- Each trust ledger counts from 1 without a gap, in order of time, and its balances add up.
SELECT l.client_id, l.case_id, l.entry_number, l.balance_after, l.expected_balance
  FROM (
    SELECT t.*,
           sum(t.signed_amount) OVER ledger   AS expected_balance,
           row_number() OVER ledger           AS expected_number,
           lag(t.occurred_on) OVER ledger     AS previous_on
      FROM public.trust_transactions t
    WINDOW ledger AS (PARTITION BY t.client_id, t.case_id ORDER BY t.entry_number)) l
 WHERE l.balance_after <> l.expected_balance
    OR l.entry_number <> l.expected_number
    OR l.occurred_on < l.previous_on;
