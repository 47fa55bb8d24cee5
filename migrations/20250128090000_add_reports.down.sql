DROP VIEW public.unbilled_work;
DROP VIEW public.trust_balances;
