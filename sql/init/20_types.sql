-- The four enum types that the whole model shares. A type of one area is in its migration.
--
-- A label is added by a migration, never here: a type that exists is left as it is.

DO $$
BEGIN
    IF to_regtype('public.user_role') IS NULL THEN
        CREATE TYPE public.user_role AS ENUM (
            'super_admin', 'admin', 'partner', 'senior_associate', 'associate', 'junior_associate',
            'paralegal', 'legal_assistant', 'clerk', 'intern', 'accountant', 'billing_specialist',
            'it_admin', 'user');
    END IF;

    IF to_regtype('public.case_status') IS NULL THEN
        CREATE TYPE public.case_status AS ENUM (
            'draft', 'active', 'pending', 'closed', 'archived', 'cancelled');
    END IF;

    IF to_regtype('public.case_priority') IS NULL THEN
        CREATE TYPE public.case_priority AS ENUM ('low', 'medium', 'high', 'urgent', 'critical');
    END IF;

    IF to_regtype('public.document_type') IS NULL THEN
        CREATE TYPE public.document_type AS ENUM (
            'pleading', 'motion', 'brief', 'contract', 'agreement', 'correspondence', 'evidence',
            'discovery', 'court_order', 'transcript', 'other');
    END IF;
END
$$;
