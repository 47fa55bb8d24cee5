DROP TABLE public.trust_transactions;
DROP TYPE public.trust_transaction_kind;
