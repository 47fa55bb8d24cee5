-- Written by `lexi run migrate`: what sql/init and migrations/ make. Not edited by hand.

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: archive; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA archive;


--
-- Name: audit; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA audit;


--
-- Name: temp; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA temp;


--
-- Name: btree_gin; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA public;


--
-- Name: EXTENSION btree_gin; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION btree_gin IS 'support for indexing common datatypes in GIN';


--
-- Name: btree_gist; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;


--
-- Name: EXTENSION btree_gist; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION btree_gist IS 'support for indexing common datatypes in GiST';


--
-- Name: citext; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;


--
-- Name: EXTENSION citext; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION citext IS 'data type for case-insensitive character strings';


--
-- Name: fuzzystrmatch; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS fuzzystrmatch WITH SCHEMA public;


--
-- Name: EXTENSION fuzzystrmatch; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION fuzzystrmatch IS 'determine similarities and distance between strings';


--
-- Name: pg_stat_statements; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pg_stat_statements WITH SCHEMA public;


--
-- Name: EXTENSION pg_stat_statements; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION pg_stat_statements IS 'track planning and execution statistics of all SQL statements executed';


--
-- Name: pg_trgm; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;


--
-- Name: EXTENSION pg_trgm; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';


--
-- Name: pgcrypto; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;


--
-- Name: EXTENSION pgcrypto; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION pgcrypto IS 'cryptographic functions';


--
-- Name: pgstattuple; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pgstattuple WITH SCHEMA public;


--
-- Name: EXTENSION pgstattuple; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION pgstattuple IS 'show tuple-level statistics';


--
-- Name: unaccent; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;


--
-- Name: EXTENSION unaccent; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION unaccent IS 'text search dictionary that removes accents';


--
-- Name: uuid-ossp; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;


--
-- Name: EXTENSION "uuid-ossp"; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION "uuid-ossp" IS 'generate universally unique identifiers (UUIDs)';


--
-- Name: activity_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.activity_kind AS ENUM (
    'research',
    'drafting',
    'review',
    'meeting',
    'call',
    'court_appearance',
    'deposition',
    'negotiation',
    'travel',
    'administration'
);


--
-- Name: audit_action; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.audit_action AS ENUM (
    'login',
    'logout',
    'login_failed',
    'create',
    'read',
    'update',
    'delete',
    'export',
    'share',
    'permission_change'
);


--
-- Name: audit_severity; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.audit_severity AS ENUM (
    'info',
    'notice',
    'warning',
    'critical'
);


--
-- Name: billing_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.billing_kind AS ENUM (
    'hourly',
    'flat_fee',
    'contingency',
    'pro_bono'
);


--
-- Name: case_priority; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.case_priority AS ENUM (
    'low',
    'medium',
    'high',
    'urgent',
    'critical'
);


--
-- Name: case_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.case_status AS ENUM (
    'draft',
    'active',
    'pending',
    'closed',
    'archived',
    'cancelled'
);


--
-- Name: case_team_role; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.case_team_role AS ENUM (
    'lead_counsel',
    'co_counsel',
    'associate',
    'paralegal',
    'assistant',
    'billing',
    'observer'
);


--
-- Name: clause_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.clause_kind AS ENUM (
    'confidentiality',
    'indemnity',
    'limitation_of_liability',
    'termination',
    'governing_law',
    'dispute_resolution',
    'payment',
    'warranty',
    'intellectual_property',
    'force_majeure',
    'assignment',
    'general'
);


--
-- Name: client_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.client_kind AS ENUM (
    'individual',
    'organization'
);


--
-- Name: client_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.client_status AS ENUM (
    'prospect',
    'active',
    'inactive',
    'former'
);


--
-- Name: compliance_audit_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.compliance_audit_kind AS ENUM (
    'trust_account',
    'data_protection',
    'billing',
    'retention',
    'access',
    'ethics'
);


--
-- Name: compliance_audit_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.compliance_audit_status AS ENUM (
    'planned',
    'in_progress',
    'passed',
    'passed_with_findings',
    'failed'
);


--
-- Name: conflict_check_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.conflict_check_status AS ENUM (
    'pending',
    'clear',
    'potential',
    'conflict',
    'waived'
);


--
-- Name: conversation_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.conversation_kind AS ENUM (
    'direct',
    'group',
    'case',
    'client'
);


--
-- Name: custody_event_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.custody_event_kind AS ENUM (
    'collection',
    'transfer',
    'storage',
    'analysis',
    'court',
    'return',
    'destruction'
);


--
-- Name: deposition_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.deposition_status AS ENUM (
    'noticed',
    'scheduled',
    'completed',
    'cancelled'
);


--
-- Name: discovery_request_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.discovery_request_kind AS ENUM (
    'interrogatories',
    'production',
    'admission',
    'subpoena',
    'inspection'
);


--
-- Name: discovery_request_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.discovery_request_status AS ENUM (
    'draft',
    'served',
    'answered',
    'objected',
    'overdue',
    'withdrawn'
);


--
-- Name: docket_entry_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.docket_entry_kind AS ENUM (
    'filing',
    'order',
    'hearing',
    'notice',
    'minute_entry',
    'judgment',
    'summons'
);


--
-- Name: document_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.document_status AS ENUM (
    'draft',
    'in_review',
    'approved',
    'filed',
    'executed',
    'superseded',
    'archived'
);


--
-- Name: document_type; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.document_type AS ENUM (
    'pleading',
    'motion',
    'brief',
    'contract',
    'agreement',
    'correspondence',
    'evidence',
    'discovery',
    'court_order',
    'transcript',
    'other'
);


--
-- Name: esi_source_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.esi_source_kind AS ENUM (
    'email',
    'file_share',
    'laptop',
    'mobile_device',
    'database',
    'cloud_storage',
    'messaging'
);


--
-- Name: esi_source_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.esi_source_status AS ENUM (
    'identified',
    'preserved',
    'collected',
    'processed',
    'produced',
    'released'
);


--
-- Name: ethical_wall_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.ethical_wall_status AS ENUM (
    'draft',
    'active',
    'lifted'
);


--
-- Name: evidence_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.evidence_kind AS ENUM (
    'document',
    'physical',
    'digital',
    'photograph',
    'video',
    'audio',
    'sample'
);


--
-- Name: evidence_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.evidence_status AS ENUM (
    'collected',
    'in_storage',
    'in_analysis',
    'in_court',
    'returned',
    'destroyed'
);


--
-- Name: exhibit_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.exhibit_status AS ENUM (
    'marked',
    'offered',
    'admitted',
    'excluded',
    'withdrawn'
);


--
-- Name: expense_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.expense_kind AS ENUM (
    'filing_fee',
    'court_reporter',
    'expert_fee',
    'travel',
    'copying',
    'postage',
    'research',
    'service_of_process',
    'meals',
    'office',
    'other'
);


--
-- Name: expense_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.expense_status AS ENUM (
    'submitted',
    'approved',
    'rejected',
    'billed',
    'reimbursed'
);


--
-- Name: invoice_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.invoice_status AS ENUM (
    'draft',
    'sent',
    'partially_paid',
    'paid',
    'overdue',
    'void',
    'written_off'
);


--
-- Name: legal_hold_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.legal_hold_status AS ENUM (
    'draft',
    'active',
    'released'
);


--
-- Name: motion_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.motion_kind AS ENUM (
    'dismiss',
    'summary_judgment',
    'compel',
    'protective_order',
    'in_limine',
    'continuance',
    'preliminary_injunction',
    'sanctions',
    'reconsideration',
    'other'
);


--
-- Name: motion_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.motion_status AS ENUM (
    'draft',
    'filed',
    'opposed',
    'heard',
    'granted',
    'granted_in_part',
    'denied',
    'withdrawn'
);


--
-- Name: notification_channel; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.notification_channel AS ENUM (
    'in_app',
    'email',
    'both'
);


--
-- Name: notification_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.notification_kind AS ENUM (
    'deadline',
    'assignment',
    'mention',
    'document',
    'invoice',
    'hearing',
    'system'
);


--
-- Name: organization_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.organization_kind AS ENUM (
    'corporation',
    'llc',
    'partnership',
    'nonprofit',
    'government',
    'trust',
    'other'
);


--
-- Name: party_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.party_kind AS ENUM (
    'individual',
    'organization',
    'government'
);


--
-- Name: party_role; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.party_role AS ENUM (
    'plaintiff',
    'defendant',
    'petitioner',
    'respondent',
    'appellant',
    'appellee',
    'third_party',
    'intervenor',
    'insurer',
    'counterparty'
);


--
-- Name: phase_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.phase_kind AS ENUM (
    'intake',
    'investigation',
    'pleadings',
    'discovery',
    'motions',
    'negotiation',
    'trial',
    'appeal',
    'closing'
);


--
-- Name: pleading_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.pleading_kind AS ENUM (
    'complaint',
    'answer',
    'counterclaim',
    'cross_claim',
    'reply',
    'petition',
    'response',
    'amended_complaint'
);


--
-- Name: pleading_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.pleading_status AS ENUM (
    'draft',
    'filed',
    'served',
    'stricken',
    'withdrawn'
);


--
-- Name: practice_area; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.practice_area AS ENUM (
    'litigation',
    'corporate',
    'employment',
    'intellectual_property',
    'real_estate',
    'family',
    'estate',
    'environmental',
    'insurance',
    'regulatory',
    'tax',
    'bankruptcy'
);


--
-- Name: privilege_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.privilege_kind AS ENUM (
    'attorney_client',
    'work_product',
    'joint_defense',
    'trade_secret',
    'other'
);


--
-- Name: tag_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.tag_kind AS ENUM (
    'practice',
    'document',
    'workflow',
    'client',
    'risk'
);


--
-- Name: task_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.task_status AS ENUM (
    'open',
    'in_progress',
    'blocked',
    'in_review',
    'completed',
    'cancelled'
);


--
-- Name: time_entry_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.time_entry_status AS ENUM (
    'draft',
    'submitted',
    'approved',
    'billed',
    'written_off'
);


--
-- Name: trust_transaction_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.trust_transaction_kind AS ENUM (
    'deposit',
    'interest',
    'disbursement',
    'fee_transfer',
    'refund',
    'bank_charge'
);


--
-- Name: user_role; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.user_role AS ENUM (
    'super_admin',
    'admin',
    'partner',
    'senior_associate',
    'associate',
    'junior_associate',
    'paralegal',
    'legal_assistant',
    'clerk',
    'intern',
    'accountant',
    'billing_specialist',
    'it_admin',
    'user'
);


--
-- Name: user_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.user_status AS ENUM (
    'invited',
    'active',
    'suspended',
    'deactivated'
);


--
-- Name: wall_side; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.wall_side AS ENUM (
    'inside',
    'screened'
);


--
-- Name: witness_kind; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.witness_kind AS ENUM (
    'fact',
    'expert',
    'character',
    'rebuttal'
);


--
-- Name: witness_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.witness_status AS ENUM (
    'identified',
    'interviewed',
    'subpoenaed',
    'deposed',
    'testified',
    'withdrawn'
);


--
-- Name: work_status; Type: TYPE; Schema: public; Owner: -
--

CREATE TYPE public.work_status AS ENUM (
    'planned',
    'active',
    'on_hold',
    'completed',
    'cancelled'
);


--
-- Name: record_change(); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.record_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'audit'
    AS $$
DECLARE
    secrets   CONSTANT text[] := ARRAY['password_hash', 'token_hash', 'mfa_secret'];
    unkept    text[] := secrets || coalesce(TG_ARGV[:]::text[], '{}');
    old_row   jsonb;
    new_row   jsonb;
    changed   text[] := '{}';
BEGIN
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
        old_row := to_jsonb(OLD);
    END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        new_row := to_jsonb(NEW);
    END IF;

    IF TG_OP = 'UPDATE' THEN
        SELECT coalesce(array_agg(o.key ORDER BY o.key), '{}') INTO changed
          FROM jsonb_each(old_row) o
         WHERE o.value IS DISTINCT FROM new_row -> o.key
           AND o.key NOT IN ('updated_at', 'search_vector');
        IF changed = '{}' THEN
            RETURN NULL;
        END IF;

        SELECT jsonb_object_agg(c, old_row -> c), jsonb_object_agg(c, new_row -> c)
          INTO old_row, new_row
          FROM unnest(changed || 'id'::text) c;
    END IF;

    INSERT INTO audit.record_changes (
        operation, table_schema, table_name, record_id, changed_columns, old_values, new_values,
        user_id, database_user, application_name)
    VALUES (
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME,
        coalesce(new_row ->> 'id', old_row ->> 'id')::uuid,
        changed,
        old_row - unkept - 'search_vector',
        new_row - unkept - 'search_vector',
        nullif(current_setting('lexiflow.user_id', true), '')::uuid,
        session_user,
        current_setting('application_name', true));
    RETURN NULL;
END
$$;


--
-- Name: generate_random_string(integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.generate_random_string(length integer) RETURNS text
    LANGUAGE plpgsql STRICT
    SET search_path TO 'pg_catalog', 'public'
    AS $$
DECLARE
    alphabet CONSTANT text := 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
    result   text := '';
    bytes    bytea;
    byte     integer;
BEGIN
    IF length < 0 OR length > 65536 THEN
        RAISE EXCEPTION 'length must be from 0 to 65536, not %', length
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    WHILE char_length(result) < length LOOP
        bytes := public.gen_random_bytes(256);
        FOR i IN 0..255 LOOP
            byte := get_byte(bytes, i);
            -- 248 = 4 * 62: a higher byte would favour the first letters.
            CONTINUE WHEN byte >= 248;
            result := result || substr(alphabet, 1 + byte % 62, 1);
            EXIT WHEN char_length(result) = length;
        END LOOP;
    END LOOP;

    RETURN result;
END
$$;


--
-- Name: FUNCTION generate_random_string(length integer); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.generate_random_string(length integer) IS 'Random string over A-Z a-z 0-9 from a cryptographic source, without bias.';


--
-- Name: imm_unaccent(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.imm_unaccent(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    SELECT public.unaccent('public.unaccent'::regdictionary, value)
$$;


--
-- Name: FUNCTION imm_unaccent(value text); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.imm_unaccent(value text) IS 'Text without accents; immutable, for indexes.';


--
-- Name: search_documents(text, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.search_documents(query text, max_rows integer DEFAULT 20) RETURNS TABLE(document_id uuid, case_id uuid, title text, rank real, headline text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    -- Headlines are dear: only the rows that are returned get one.
    SELECT found.id, found.case_id, found.title, found.rank,
           ts_headline('public.legal_english'::regconfig, coalesce(found.content, found.title),
                       found.wanted, 'MaxFragments=2, MaxWords=20, MinWords=5')
      FROM (
        SELECT d.id, d.case_id, d.title, d.content, q.wanted,
               ts_rank_cd(d.search_vector, q.wanted) AS rank
          FROM public.legal_documents d,
               websearch_to_tsquery('public.legal_english'::regconfig, query) AS q (wanted)
         WHERE d.search_vector @@ q.wanted
           AND d.deleted_at IS NULL
         ORDER BY rank DESC, d.id
         LIMIT max_rows) AS found
     ORDER BY found.rank DESC, found.id
$$;


--
-- Name: search_names(text, real); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.search_names(wanted text, threshold real DEFAULT 0.4) RETURNS TABLE(source_table text, record_id uuid, name text, likeness real)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    WITH known (source_table, record_id, name) AS (
        SELECT 'clients', id, name FROM public.clients
         WHERE deleted_at IS NULL AND public.imm_unaccent(name) % public.imm_unaccent(wanted)
        UNION ALL
        SELECT 'organizations', id, name FROM public.organizations
         WHERE deleted_at IS NULL AND public.imm_unaccent(name) % public.imm_unaccent(wanted)
        UNION ALL
        SELECT 'legal_entities', id, name FROM public.legal_entities
         WHERE deleted_at IS NULL AND public.imm_unaccent(name) % public.imm_unaccent(wanted)
        UNION ALL
        SELECT 'parties', id, name FROM public.parties
         WHERE deleted_at IS NULL AND public.imm_unaccent(name) % public.imm_unaccent(wanted)
        UNION ALL
        SELECT 'witnesses', id, name FROM public.witnesses
         WHERE deleted_at IS NULL AND public.imm_unaccent(name) % public.imm_unaccent(wanted)
    ), scored AS (
        SELECT k.*, similarity(public.imm_unaccent(k.name), public.imm_unaccent(wanted)) AS likeness
          FROM known k
    )
    SELECT s.source_table, s.record_id, s.name, s.likeness
      FROM scored s
     WHERE s.likeness >= threshold
     ORDER BY s.likeness DESC, s.name, s.record_id
$$;


--
-- Name: set_updated_at(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.set_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public'
    AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;


--
-- Name: FUNCTION set_updated_at(); Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON FUNCTION public.set_updated_at() IS 'BEFORE UPDATE trigger: stamps updated_at.';


--
-- Name: legal_english; Type: TEXT SEARCH CONFIGURATION; Schema: public; Owner: -
--

CREATE TEXT SEARCH CONFIGURATION public.legal_english (
    PARSER = pg_catalog."default" );

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR asciiword WITH english_stem;

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR word WITH public.unaccent, english_stem;

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR numword WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR email WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR url WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR host WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR sfloat WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR version WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR hword_numpart WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR hword_part WITH public.unaccent, english_stem;

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR hword_asciipart WITH english_stem;

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR numhword WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR asciihword WITH english_stem;

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR hword WITH public.unaccent, english_stem;

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR url_path WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR file WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR "float" WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR "int" WITH simple;

ALTER TEXT SEARCH CONFIGURATION public.legal_english
    ADD MAPPING FOR uint WITH simple;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: record_changes; Type: TABLE; Schema: audit; Owner: -
--

CREATE TABLE audit.record_changes (
    id bigint NOT NULL,
    happened_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    operation text NOT NULL,
    table_schema text NOT NULL,
    table_name text NOT NULL,
    record_id uuid,
    changed_columns text[] DEFAULT '{}'::text[] NOT NULL,
    old_values jsonb,
    new_values jsonb,
    user_id uuid,
    database_user text NOT NULL,
    application_name text,
    transaction_id bigint DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL,
    CONSTRAINT record_changes_names_record CHECK (((operation = 'TRUNCATE'::text) OR (record_id IS NOT NULL))),
    CONSTRAINT record_changes_operation_check CHECK ((operation = ANY (ARRAY['INSERT'::text, 'UPDATE'::text, 'DELETE'::text, 'TRUNCATE'::text])))
);


--
-- Name: record_changes_id_seq; Type: SEQUENCE; Schema: audit; Owner: -
--

ALTER TABLE audit.record_changes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME audit.record_changes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: audit_logs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_logs (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    user_id uuid,
    action public.audit_action NOT NULL,
    severity public.audit_severity DEFAULT 'info'::public.audit_severity NOT NULL,
    entity_table text,
    entity_id uuid,
    description text NOT NULL,
    ip_address inet,
    user_agent text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT audit_logs_entity_is_whole CHECK (((entity_table IS NULL) = (entity_id IS NULL)))
);


--
-- Name: case_phases; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.case_phases (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid NOT NULL,
    kind public.phase_kind NOT NULL,
    "position" integer NOT NULL,
    status public.work_status DEFAULT 'planned'::public.work_status NOT NULL,
    planned_start_on date,
    planned_end_on date,
    started_on date,
    ended_on date,
    budget numeric(15,2),
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT case_phases_budget_check CHECK ((budget >= (0)::numeric)),
    CONSTRAINT case_phases_end_after_start CHECK ((ended_on >= started_on)),
    CONSTRAINT case_phases_planned_end_after_start CHECK ((planned_end_on >= planned_start_on)),
    CONSTRAINT case_phases_position_check CHECK (("position" > 0))
);


--
-- Name: case_team_members; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.case_team_members (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role public.case_team_role NOT NULL,
    hourly_rate numeric(15,2),
    assigned_on date NOT NULL,
    left_on date,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT case_team_members_hourly_rate_check CHECK ((hourly_rate >= (0)::numeric)),
    CONSTRAINT case_team_members_left_after_assigned CHECK ((left_on >= assigned_on))
);


--
-- Name: cases; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.cases (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_number text NOT NULL,
    client_id uuid NOT NULL,
    lead_attorney_id uuid,
    title text NOT NULL,
    description text,
    status public.case_status DEFAULT 'draft'::public.case_status NOT NULL,
    priority public.case_priority DEFAULT 'medium'::public.case_priority NOT NULL,
    practice_area public.practice_area NOT NULL,
    billing_kind public.billing_kind DEFAULT 'hourly'::public.billing_kind NOT NULL,
    court text,
    judge text,
    docket_number text,
    jurisdiction text,
    estimated_value numeric(15,2),
    opened_on date NOT NULL,
    filed_on date,
    trial_on date,
    closed_on date,
    limitation_on date,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT cases_close_after_open CHECK ((closed_on >= opened_on)),
    CONSTRAINT cases_closed_has_date CHECK (((status <> ALL (ARRAY['closed'::public.case_status, 'archived'::public.case_status])) OR (closed_on IS NOT NULL))),
    CONSTRAINT cases_estimated_value_check CHECK ((estimated_value >= (0)::numeric)),
    CONSTRAINT cases_trial_after_filing CHECK ((trial_on >= filed_on))
);


--
-- Name: chain_of_custody_events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.chain_of_custody_events (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    evidence_item_id uuid NOT NULL,
    recorded_by uuid NOT NULL,
    sequence_number integer NOT NULL,
    kind public.custody_event_kind NOT NULL,
    from_holder text,
    to_holder text NOT NULL,
    location text NOT NULL,
    seal_number text,
    reason text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT chain_of_custody_events_from_someone CHECK (((sequence_number = 1) OR (from_holder IS NOT NULL))),
    CONSTRAINT chain_of_custody_events_sequence_number_check CHECK ((sequence_number > 0)),
    CONSTRAINT chain_of_custody_events_starts_with_collection CHECK (((sequence_number = 1) = (kind = 'collection'::public.custody_event_kind)))
);


--
-- Name: clauses; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.clauses (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    document_id uuid,
    source_id uuid,
    title text NOT NULL,
    kind public.clause_kind NOT NULL,
    body text NOT NULL,
    jurisdiction text,
    "position" integer,
    search_vector tsvector GENERATED ALWAYS AS ((setweight(to_tsvector('public.legal_english'::regconfig, title), 'A'::"char") || setweight(to_tsvector('public.legal_english'::regconfig, body), 'C'::"char"))) STORED,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT clauses_position_check CHECK (("position" > 0)),
    CONSTRAINT clauses_position_only_in_document CHECK (((document_id IS NULL) = ("position" IS NULL)))
);


--
-- Name: clients; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.clients (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    client_number text NOT NULL,
    organization_id uuid,
    responsible_attorney_id uuid,
    name text NOT NULL,
    kind public.client_kind NOT NULL,
    status public.client_status DEFAULT 'prospect'::public.client_status NOT NULL,
    contact_name text,
    email public.citext,
    phone text,
    address_line1 text,
    city text,
    region text,
    postal_code text,
    country text DEFAULT 'US'::text NOT NULL,
    payment_terms_days integer DEFAULT 30 NOT NULL,
    credit_limit numeric(15,2),
    opened_on date,
    closed_on date,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT clients_close_after_open CHECK ((closed_on >= opened_on)),
    CONSTRAINT clients_country_check CHECK ((country ~ '^[A-Z]{2}$'::text)),
    CONSTRAINT clients_credit_limit_check CHECK ((credit_limit >= (0)::numeric)),
    CONSTRAINT clients_payment_terms_days_check CHECK (((payment_terms_days >= 0) AND (payment_terms_days <= 180)))
);


--
-- Name: comments; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.comments (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    author_id uuid,
    parent_id uuid,
    case_id uuid,
    document_id uuid,
    task_id uuid,
    body text NOT NULL,
    resolved_at timestamp with time zone,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT comments_body_check CHECK ((body <> ''::text)),
    CONSTRAINT comments_not_own_parent CHECK ((parent_id <> id)),
    CONSTRAINT comments_one_thing CHECK ((num_nonnulls(case_id, document_id, task_id) = 1))
);


--
-- Name: compliance_audits; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.compliance_audits (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    auditor_id uuid NOT NULL,
    case_id uuid,
    client_id uuid,
    title text NOT NULL,
    kind public.compliance_audit_kind NOT NULL,
    status public.compliance_audit_status DEFAULT 'planned'::public.compliance_audit_status NOT NULL,
    scope text NOT NULL,
    planned_on date NOT NULL,
    started_on date,
    completed_on date,
    score integer,
    finding_count integer DEFAULT 0 NOT NULL,
    findings text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT compliance_audits_completed_after_started CHECK ((completed_on >= started_on)),
    CONSTRAINT compliance_audits_finding_count_check CHECK ((finding_count >= 0)),
    CONSTRAINT compliance_audits_findings_are_told CHECK (((finding_count = 0) OR (findings IS NOT NULL))),
    CONSTRAINT compliance_audits_result_has_date CHECK (((status = ANY (ARRAY['planned'::public.compliance_audit_status, 'in_progress'::public.compliance_audit_status])) = (completed_on IS NULL))),
    CONSTRAINT compliance_audits_score_check CHECK (((score >= 0) AND (score <= 100)))
);


--
-- Name: conflict_checks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.conflict_checks (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    requested_by uuid NOT NULL,
    resolved_by uuid,
    client_id uuid,
    case_id uuid,
    search_terms text[] NOT NULL,
    status public.conflict_check_status DEFAULT 'pending'::public.conflict_check_status NOT NULL,
    match_count integer DEFAULT 0 NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    resolved_at timestamp with time zone,
    resolution text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT conflict_checks_match_count_check CHECK ((match_count >= 0)),
    CONSTRAINT conflict_checks_resolved_after_request CHECK ((resolved_at >= requested_at)),
    CONSTRAINT conflict_checks_resolved_unless_pending CHECK (((status = 'pending'::public.conflict_check_status) = (resolved_at IS NULL))),
    CONSTRAINT conflict_checks_search_terms_check CHECK ((cardinality(search_terms) > 0))
);


--
-- Name: conversation_participants; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.conversation_participants (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    conversation_id uuid NOT NULL,
    user_id uuid NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    last_read_at timestamp with time zone,
    is_muted boolean DEFAULT false NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT conversation_participants_read_after_join CHECK ((last_read_at >= joined_at))
);


--
-- Name: conversations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.conversations (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid,
    created_by uuid,
    kind public.conversation_kind NOT NULL,
    subject text NOT NULL,
    last_message_at timestamp with time zone,
    archived_at timestamp with time zone,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone
);


--
-- Name: depositions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.depositions (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid NOT NULL,
    deponent_party_id uuid,
    taken_by uuid,
    transcript_document_id uuid,
    deponent_name text NOT NULL,
    status public.deposition_status DEFAULT 'noticed'::public.deposition_status NOT NULL,
    noticed_on date NOT NULL,
    starts_at timestamp with time zone,
    ends_at timestamp with time zone,
    location text,
    court_reporter text,
    is_video_recorded boolean DEFAULT false NOT NULL,
    summary text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT depositions_end_after_start CHECK ((ends_at > starts_at)),
    CONSTRAINT depositions_scheduled_has_start CHECK (((status = ANY (ARRAY['noticed'::public.deposition_status, 'cancelled'::public.deposition_status])) OR (starts_at IS NOT NULL)))
);


--
-- Name: discovery_requests; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.discovery_requests (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid NOT NULL,
    from_party_id uuid,
    to_party_id uuid,
    document_id uuid,
    kind public.discovery_request_kind NOT NULL,
    status public.discovery_request_status DEFAULT 'draft'::public.discovery_request_status NOT NULL,
    title text NOT NULL,
    item_count integer DEFAULT 1 NOT NULL,
    served_on date,
    response_due_on date,
    responded_on date,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT discovery_requests_due_after_service CHECK ((response_due_on >= served_on)),
    CONSTRAINT discovery_requests_item_count_check CHECK ((item_count > 0)),
    CONSTRAINT discovery_requests_other_party CHECK ((from_party_id <> to_party_id)),
    CONSTRAINT discovery_requests_response_after_service CHECK ((responded_on >= served_on)),
    CONSTRAINT discovery_requests_served_has_date CHECK (((status = ANY (ARRAY['draft'::public.discovery_request_status, 'withdrawn'::public.discovery_request_status])) OR (served_on IS NOT NULL)))
);


--
-- Name: docket_entries; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.docket_entries (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid NOT NULL,
    document_id uuid,
    filed_by_party_id uuid,
    entry_number integer NOT NULL,
    kind public.docket_entry_kind NOT NULL,
    description text NOT NULL,
    entered_on date NOT NULL,
    is_sealed boolean DEFAULT false NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT docket_entries_entry_number_check CHECK ((entry_number > 0))
);


--
-- Name: document_versions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.document_versions (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    document_id uuid NOT NULL,
    author_id uuid,
    version integer NOT NULL,
    file_name text NOT NULL,
    file_path text NOT NULL,
    file_size bigint NOT NULL,
    checksum text NOT NULL,
    change_note text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT document_versions_checksum_check CHECK ((checksum ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT document_versions_file_size_check CHECK ((file_size >= 0)),
    CONSTRAINT document_versions_version_check CHECK ((version > 0))
);


--
-- Name: esi_sources; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.esi_sources (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid NOT NULL,
    legal_hold_id uuid,
    name text NOT NULL,
    kind public.esi_source_kind NOT NULL,
    status public.esi_source_status DEFAULT 'identified'::public.esi_source_status NOT NULL,
    custodian_name text NOT NULL,
    location text,
    size_bytes bigint,
    item_count integer,
    collected_at timestamp with time zone,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT esi_sources_collected_has_time CHECK (((status <> ALL (ARRAY['collected'::public.esi_source_status, 'processed'::public.esi_source_status, 'produced'::public.esi_source_status])) OR (collected_at IS NOT NULL))),
    CONSTRAINT esi_sources_item_count_check CHECK ((item_count >= 0)),
    CONSTRAINT esi_sources_size_bytes_check CHECK ((size_bytes >= 0))
);


--
-- Name: ethical_wall_members; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.ethical_wall_members (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    ethical_wall_id uuid NOT NULL,
    user_id uuid NOT NULL,
    side public.wall_side NOT NULL,
    acknowledged_at timestamp with time zone,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: ethical_walls; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.ethical_walls (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid NOT NULL,
    created_by uuid NOT NULL,
    name text NOT NULL,
    reason text NOT NULL,
    status public.ethical_wall_status DEFAULT 'draft'::public.ethical_wall_status NOT NULL,
    effective_from date,
    effective_to date,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT ethical_walls_effective_unless_draft CHECK (((status = 'draft'::public.ethical_wall_status) OR (effective_from IS NOT NULL))),
    CONSTRAINT ethical_walls_lifted_has_end CHECK (((status = 'lifted'::public.ethical_wall_status) = (effective_to IS NOT NULL))),
    CONSTRAINT ethical_walls_to_after_from CHECK ((effective_to >= effective_from))
);


--
-- Name: evidence_items; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.evidence_items (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid NOT NULL,
    document_id uuid,
    esi_source_id uuid,
    collected_by uuid,
    evidence_number text NOT NULL,
    name text NOT NULL,
    description text,
    kind public.evidence_kind NOT NULL,
    status public.evidence_status DEFAULT 'collected'::public.evidence_status NOT NULL,
    collected_at timestamp with time zone NOT NULL,
    collected_from text NOT NULL,
    location text,
    checksum text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT evidence_items_checksum_check CHECK ((checksum ~ '^[0-9a-f]{64}$'::text))
);


--
-- Name: firm_expenses; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.firm_expenses (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid,
    user_id uuid NOT NULL,
    approved_by uuid,
    invoice_id uuid,
    kind public.expense_kind NOT NULL,
    status public.expense_status DEFAULT 'submitted'::public.expense_status NOT NULL,
    vendor text NOT NULL,
    description text NOT NULL,
    incurred_on date NOT NULL,
    quantity numeric(10,2) DEFAULT 1 NOT NULL,
    unit_cost numeric(15,2) NOT NULL,
    amount numeric(15,2) NOT NULL,
    currency text DEFAULT 'USD'::text NOT NULL,
    is_billable boolean DEFAULT true NOT NULL,
    receipt_path text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT firm_expenses_amount_is_quantity_by_cost CHECK ((amount = round((quantity * unit_cost), 2))),
    CONSTRAINT firm_expenses_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT firm_expenses_only_billable_is_billed CHECK ((is_billable OR (invoice_id IS NULL))),
    CONSTRAINT firm_expenses_quantity_check CHECK ((quantity > (0)::numeric)),
    CONSTRAINT firm_expenses_unit_cost_check CHECK ((unit_cost >= (0)::numeric))
);


--
-- Name: invoices; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.invoices (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    invoice_number text NOT NULL,
    client_id uuid NOT NULL,
    case_id uuid,
    status public.invoice_status DEFAULT 'draft'::public.invoice_status NOT NULL,
    currency text DEFAULT 'USD'::text NOT NULL,
    period_start_on date NOT NULL,
    period_end_on date NOT NULL,
    issued_on date,
    due_on date,
    paid_on date,
    fees_amount numeric(15,2) DEFAULT 0 NOT NULL,
    expenses_amount numeric(15,2) DEFAULT 0 NOT NULL,
    discount_amount numeric(15,2) DEFAULT 0 NOT NULL,
    tax_percent numeric(5,2) DEFAULT 0 NOT NULL,
    tax_amount numeric(15,2) DEFAULT 0 NOT NULL,
    total_amount numeric(15,2) DEFAULT 0 NOT NULL,
    paid_amount numeric(15,2) DEFAULT 0 NOT NULL,
    balance_amount numeric(15,2) GENERATED ALWAYS AS ((total_amount - paid_amount)) STORED,
    notes text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT invoices_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT invoices_discount_amount_check CHECK ((discount_amount >= (0)::numeric)),
    CONSTRAINT invoices_discount_within_lines CHECK ((discount_amount <= (fees_amount + expenses_amount))),
    CONSTRAINT invoices_due_after_issue CHECK ((due_on >= issued_on)),
    CONSTRAINT invoices_expenses_amount_check CHECK ((expenses_amount >= (0)::numeric)),
    CONSTRAINT invoices_fees_amount_check CHECK ((fees_amount >= (0)::numeric)),
    CONSTRAINT invoices_issued_unless_draft CHECK (((status = 'draft'::public.invoice_status) OR ((issued_on IS NOT NULL) AND (due_on IS NOT NULL)))),
    CONSTRAINT invoices_not_overpaid CHECK ((paid_amount <= total_amount)),
    CONSTRAINT invoices_paid_after_issue CHECK ((paid_on >= issued_on)),
    CONSTRAINT invoices_paid_amount_check CHECK ((paid_amount >= (0)::numeric)),
    CONSTRAINT invoices_paid_in_full CHECK (((status <> 'paid'::public.invoice_status) OR ((paid_amount = total_amount) AND (paid_on IS NOT NULL)))),
    CONSTRAINT invoices_period_end_after_start CHECK ((period_end_on >= period_start_on)),
    CONSTRAINT invoices_tax_amount_check CHECK ((tax_amount >= (0)::numeric)),
    CONSTRAINT invoices_tax_percent_check CHECK (((tax_percent >= (0)::numeric) AND (tax_percent <= (100)::numeric))),
    CONSTRAINT invoices_total_adds_up CHECK ((total_amount = (((fees_amount + expenses_amount) - discount_amount) + tax_amount))),
    CONSTRAINT invoices_total_amount_check CHECK ((total_amount >= (0)::numeric))
);


--
-- Name: legal_documents; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.legal_documents (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid,
    client_id uuid,
    author_id uuid,
    title text NOT NULL,
    description text,
    kind public.document_type NOT NULL,
    status public.document_status DEFAULT 'draft'::public.document_status NOT NULL,
    content text,
    file_name text NOT NULL,
    file_path text NOT NULL,
    mime_type text NOT NULL,
    file_size bigint NOT NULL,
    checksum text NOT NULL,
    page_count integer,
    language text DEFAULT 'en'::text NOT NULL,
    is_confidential boolean DEFAULT false NOT NULL,
    is_privileged boolean DEFAULT false NOT NULL,
    current_version integer DEFAULT 1 NOT NULL,
    dated_on date,
    filed_on date,
    search_vector tsvector GENERATED ALWAYS AS (((setweight(to_tsvector('public.legal_english'::regconfig, title), 'A'::"char") || setweight(to_tsvector('public.legal_english'::regconfig, COALESCE(description, ''::text)), 'B'::"char")) || setweight(to_tsvector('public.legal_english'::regconfig, COALESCE(content, ''::text)), 'C'::"char"))) STORED,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT legal_documents_checksum_check CHECK ((checksum ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT legal_documents_current_version_check CHECK ((current_version > 0)),
    CONSTRAINT legal_documents_file_size_check CHECK ((file_size >= 0)),
    CONSTRAINT legal_documents_filed_has_date CHECK (((status <> 'filed'::public.document_status) OR (filed_on IS NOT NULL))),
    CONSTRAINT legal_documents_language_check CHECK ((language ~ '^[a-z]{2}$'::text)),
    CONSTRAINT legal_documents_page_count_check CHECK ((page_count > 0))
);


--
-- Name: legal_entities; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.legal_entities (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    client_id uuid,
    organization_id uuid,
    parent_entity_id uuid,
    name text NOT NULL,
    kind public.organization_kind NOT NULL,
    jurisdiction text NOT NULL,
    registration_number text,
    registered_agent text,
    ownership_percent numeric(5,2),
    formed_on date,
    dissolved_on date,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT legal_entities_dissolve_after_form CHECK ((dissolved_on >= formed_on)),
    CONSTRAINT legal_entities_not_own_parent CHECK ((parent_entity_id <> id)),
    CONSTRAINT legal_entities_ownership_percent_check CHECK (((ownership_percent >= (0)::numeric) AND (ownership_percent <= (100)::numeric)))
);


--
-- Name: legal_hold_custodians; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.legal_hold_custodians (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    legal_hold_id uuid NOT NULL,
    name text NOT NULL,
    email public.citext NOT NULL,
    notified_at timestamp with time zone,
    acknowledged_at timestamp with time zone,
    released_at timestamp with time zone,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT legal_hold_custodians_acknowledge_after_notice CHECK ((acknowledged_at >= notified_at)),
    CONSTRAINT legal_hold_custodians_release_after_notice CHECK ((released_at >= notified_at))
);


--
-- Name: legal_holds; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.legal_holds (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid NOT NULL,
    issued_by uuid NOT NULL,
    name text NOT NULL,
    status public.legal_hold_status DEFAULT 'draft'::public.legal_hold_status NOT NULL,
    scope text NOT NULL,
    covers_from date,
    covers_to date,
    issued_on date,
    released_on date,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT legal_holds_cover_in_order CHECK ((covers_to >= covers_from)),
    CONSTRAINT legal_holds_issued_unless_draft CHECK (((status = 'draft'::public.legal_hold_status) OR (issued_on IS NOT NULL))),
    CONSTRAINT legal_holds_release_after_issue CHECK ((released_on >= issued_on)),
    CONSTRAINT legal_holds_released_has_date CHECK (((status = 'released'::public.legal_hold_status) = (released_on IS NOT NULL)))
);


--
-- Name: messages; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.messages (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    conversation_id uuid NOT NULL,
    sender_id uuid,
    reply_to_id uuid,
    body text NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    edited_at timestamp with time zone,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT messages_body_check CHECK ((body <> ''::text)),
    CONSTRAINT messages_edited_after_sent CHECK ((edited_at >= sent_at)),
    CONSTRAINT messages_not_own_reply CHECK ((reply_to_id <> id))
);


--
-- Name: motions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.motions (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid NOT NULL,
    document_id uuid,
    filed_by_party_id uuid,
    kind public.motion_kind NOT NULL,
    status public.motion_status DEFAULT 'draft'::public.motion_status NOT NULL,
    title text NOT NULL,
    relief_sought text,
    filed_on date,
    response_due_on date,
    hearing_at timestamp with time zone,
    decided_on date,
    ruling text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT motions_decision_after_filing CHECK ((decided_on >= filed_on)),
    CONSTRAINT motions_response_after_filing CHECK ((response_due_on >= filed_on)),
    CONSTRAINT motions_ruled_has_date CHECK (((status <> ALL (ARRAY['granted'::public.motion_status, 'granted_in_part'::public.motion_status, 'denied'::public.motion_status])) OR (decided_on IS NOT NULL)))
);


--
-- Name: notifications; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.notifications (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    user_id uuid NOT NULL,
    case_id uuid,
    kind public.notification_kind NOT NULL,
    channel public.notification_channel DEFAULT 'in_app'::public.notification_channel NOT NULL,
    priority public.case_priority DEFAULT 'medium'::public.case_priority NOT NULL,
    title text NOT NULL,
    body text,
    link text,
    sent_at timestamp with time zone NOT NULL,
    read_at timestamp with time zone,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT notifications_read_after_sent CHECK ((read_at >= sent_at))
);


--
-- Name: organizations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.organizations (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    parent_id uuid,
    name text NOT NULL,
    kind public.organization_kind NOT NULL,
    industry text,
    jurisdiction text,
    tax_number text,
    email public.citext,
    phone text,
    website text,
    address_line1 text,
    address_line2 text,
    city text,
    region text,
    postal_code text,
    country text DEFAULT 'US'::text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT organizations_country_check CHECK ((country ~ '^[A-Z]{2}$'::text)),
    CONSTRAINT organizations_not_own_parent CHECK ((parent_id <> id))
);


--
-- Name: parties; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.parties (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid NOT NULL,
    legal_entity_id uuid,
    name text NOT NULL,
    kind public.party_kind NOT NULL,
    role public.party_role NOT NULL,
    is_our_client boolean DEFAULT false NOT NULL,
    counsel_name text,
    counsel_firm text,
    email public.citext,
    phone text,
    joined_on date,
    dismissed_on date,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT parties_dismissed_after_joined CHECK ((dismissed_on >= joined_on))
);


--
-- Name: pleading_documents; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.pleading_documents (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid NOT NULL,
    document_id uuid,
    filed_by_party_id uuid,
    kind public.pleading_kind NOT NULL,
    status public.pleading_status DEFAULT 'draft'::public.pleading_status NOT NULL,
    title text NOT NULL,
    claims text[] DEFAULT '{}'::text[] NOT NULL,
    due_on date,
    filed_on date,
    served_on date,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT pleading_documents_filed_has_date CHECK (((status <> ALL (ARRAY['filed'::public.pleading_status, 'served'::public.pleading_status])) OR (filed_on IS NOT NULL))),
    CONSTRAINT pleading_documents_served_after_filed CHECK ((served_on >= filed_on))
);


--
-- Name: privilege_log_entries; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.privilege_log_entries (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid NOT NULL,
    document_id uuid,
    discovery_request_id uuid,
    entry_number integer NOT NULL,
    kind public.privilege_kind NOT NULL,
    dated_on date NOT NULL,
    author_name text NOT NULL,
    recipients text[] DEFAULT '{}'::text[] NOT NULL,
    subject text NOT NULL,
    basis text NOT NULL,
    is_challenged boolean DEFAULT false NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT privilege_log_entries_entry_number_check CHECK ((entry_number > 0))
);


--
-- Name: projects; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.projects (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid NOT NULL,
    manager_id uuid,
    name text NOT NULL,
    description text,
    status public.work_status DEFAULT 'planned'::public.work_status NOT NULL,
    starts_on date,
    due_on date,
    completed_on date,
    budget numeric(15,2),
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT projects_budget_check CHECK ((budget >= (0)::numeric)),
    CONSTRAINT projects_completed_after_start CHECK ((completed_on >= starts_on)),
    CONSTRAINT projects_completed_has_date CHECK (((status <> 'completed'::public.work_status) OR (completed_on IS NOT NULL))),
    CONSTRAINT projects_due_after_start CHECK ((due_on >= starts_on))
);


--
-- Name: rate_tables; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.rate_tables (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    client_id uuid,
    name text NOT NULL,
    role public.user_role NOT NULL,
    hourly_rate numeric(15,2) NOT NULL,
    currency text DEFAULT 'USD'::text NOT NULL,
    effective_from date NOT NULL,
    effective_to date,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT rate_tables_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT rate_tables_hourly_rate_check CHECK ((hourly_rate >= (0)::numeric)),
    CONSTRAINT rate_tables_to_after_from CHECK ((effective_to > effective_from))
);


--
-- Name: sessions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sessions (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    user_id uuid NOT NULL,
    token_hash text NOT NULL,
    ip_address inet,
    user_agent text,
    expires_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone,
    revoked_at timestamp with time zone,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT sessions_expire_later CHECK ((expires_at > created_at))
);


--
-- Name: taggings; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.taggings (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    tag_id uuid NOT NULL,
    client_id uuid,
    case_id uuid,
    document_id uuid,
    task_id uuid,
    tagged_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT taggings_one_thing CHECK ((num_nonnulls(client_id, case_id, document_id, task_id) = 1))
);


--
-- Name: tags; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.tags (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    name public.citext NOT NULL,
    kind public.tag_kind NOT NULL,
    color text DEFAULT '#808080'::text NOT NULL,
    description text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT tags_color_check CHECK ((color ~ '^#[0-9a-f]{6}$'::text))
);


--
-- Name: tasks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.tasks (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid,
    project_id uuid,
    parent_id uuid,
    assignee_id uuid,
    created_by uuid,
    title text NOT NULL,
    description text,
    status public.task_status DEFAULT 'open'::public.task_status NOT NULL,
    priority public.case_priority DEFAULT 'medium'::public.case_priority NOT NULL,
    due_on date,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    estimated_hours numeric(7,2),
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT tasks_completed_after_started CHECK ((completed_at >= started_at)),
    CONSTRAINT tasks_completed_has_time CHECK (((status = 'completed'::public.task_status) = (completed_at IS NOT NULL))),
    CONSTRAINT tasks_estimated_hours_check CHECK ((estimated_hours >= (0)::numeric)),
    CONSTRAINT tasks_not_own_parent CHECK ((parent_id <> id))
);


--
-- Name: templates; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.templates (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    created_by uuid,
    name text NOT NULL,
    description text,
    kind public.document_type NOT NULL,
    practice_area public.practice_area,
    body text NOT NULL,
    variables text[] DEFAULT '{}'::text[] NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT templates_version_check CHECK ((version > 0))
);


--
-- Name: time_entries; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.time_entries (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid NOT NULL,
    user_id uuid NOT NULL,
    approved_by uuid,
    invoice_id uuid,
    worked_on date NOT NULL,
    activity public.activity_kind NOT NULL,
    description text NOT NULL,
    hours numeric(5,2) NOT NULL,
    hourly_rate numeric(15,2) NOT NULL,
    amount numeric(15,2) NOT NULL,
    is_billable boolean DEFAULT true NOT NULL,
    status public.time_entry_status DEFAULT 'draft'::public.time_entry_status NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT time_entries_amount_is_hours_by_rate CHECK ((amount = round((hours * hourly_rate), 2))),
    CONSTRAINT time_entries_hourly_rate_check CHECK ((hourly_rate >= (0)::numeric)),
    CONSTRAINT time_entries_hours_check CHECK (((hours > (0)::numeric) AND (hours <= (24)::numeric))),
    CONSTRAINT time_entries_only_billable_is_billed CHECK ((is_billable OR (invoice_id IS NULL)))
);


--
-- Name: trial_exhibits; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trial_exhibits (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid NOT NULL,
    evidence_item_id uuid,
    document_id uuid,
    offered_by_party_id uuid,
    sponsoring_witness_id uuid,
    exhibit_number text NOT NULL,
    description text NOT NULL,
    status public.exhibit_status DEFAULT 'marked'::public.exhibit_status NOT NULL,
    marked_on date NOT NULL,
    ruled_on date,
    objection text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT trial_exhibits_ruled_after_marked CHECK ((ruled_on >= marked_on)),
    CONSTRAINT trial_exhibits_ruling_has_date CHECK (((status <> ALL (ARRAY['admitted'::public.exhibit_status, 'excluded'::public.exhibit_status])) OR (ruled_on IS NOT NULL)))
);


--
-- Name: trust_transactions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trust_transactions (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    client_id uuid NOT NULL,
    case_id uuid NOT NULL,
    invoice_id uuid,
    recorded_by uuid NOT NULL,
    entry_number integer NOT NULL,
    kind public.trust_transaction_kind NOT NULL,
    amount numeric(15,2) NOT NULL,
    signed_amount numeric(15,2) GENERATED ALWAYS AS (
CASE
    WHEN (kind = ANY (ARRAY['deposit'::public.trust_transaction_kind, 'interest'::public.trust_transaction_kind])) THEN amount
    ELSE (- amount)
END) STORED,
    balance_after numeric(15,2) NOT NULL,
    currency text DEFAULT 'USD'::text NOT NULL,
    occurred_on date NOT NULL,
    cleared_on date,
    payer_or_payee text NOT NULL,
    reference text,
    description text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT trust_transactions_amount_check CHECK ((amount > (0)::numeric)),
    CONSTRAINT trust_transactions_balance_after_check CHECK ((balance_after >= (0)::numeric)),
    CONSTRAINT trust_transactions_clear_after_occur CHECK ((cleared_on >= occurred_on)),
    CONSTRAINT trust_transactions_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT trust_transactions_entry_number_check CHECK ((entry_number > 0)),
    CONSTRAINT trust_transactions_fee_names_invoice CHECK (((kind <> 'fee_transfer'::public.trust_transaction_kind) OR (invoice_id IS NOT NULL)))
);


--
-- Name: trust_balances; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.trust_balances AS
 SELECT t.client_id,
    t.case_id,
    t.currency,
    sum(t.signed_amount) AS balance,
    count(*) AS entry_count,
    max(t.occurred_on) AS last_entry_on
   FROM public.trust_transactions t
  GROUP BY t.client_id, t.case_id, t.currency;


--
-- Name: unbilled_work; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.unbilled_work AS
 SELECT t.case_id,
    count(*) AS entry_count,
    sum(t.hours) AS hours,
    sum(t.amount) AS amount,
    min(t.worked_on) AS oldest_on
   FROM public.time_entries t
  WHERE (t.is_billable AND (t.status = ANY (ARRAY['submitted'::public.time_entry_status, 'approved'::public.time_entry_status])) AND (t.invoice_id IS NULL) AND (t.deleted_at IS NULL))
  GROUP BY t.case_id;


--
-- Name: user_profiles; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.user_profiles (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    user_id uuid NOT NULL,
    job_title text NOT NULL,
    department text,
    office text,
    phone text,
    timezone text DEFAULT 'UTC'::text NOT NULL,
    bar_number text,
    bar_state text,
    admitted_on date,
    hired_on date,
    hourly_rate numeric(15,2),
    specialties text[] DEFAULT '{}'::text[] NOT NULL,
    bio text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT user_profiles_bar_is_whole CHECK (((bar_number IS NULL) = (bar_state IS NULL))),
    CONSTRAINT user_profiles_bar_state_check CHECK ((bar_state ~ '^[A-Z]{2}$'::text)),
    CONSTRAINT user_profiles_hourly_rate_check CHECK ((hourly_rate >= (0)::numeric))
);


--
-- Name: users; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.users (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    email public.citext NOT NULL,
    password_hash text NOT NULL,
    first_name text NOT NULL,
    last_name text NOT NULL,
    full_name text GENERATED ALWAYS AS (((first_name || ' '::text) || last_name)) STORED,
    role public.user_role DEFAULT 'user'::public.user_role NOT NULL,
    status public.user_status DEFAULT 'invited'::public.user_status NOT NULL,
    is_mfa_enabled boolean DEFAULT false NOT NULL,
    mfa_secret text,
    failed_login_count integer DEFAULT 0 NOT NULL,
    locked_until timestamp with time zone,
    email_verified_at timestamp with time zone,
    last_login_at timestamp with time zone,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT users_email_has_at CHECK ((strpos((email)::text, '@'::text) > 1)),
    CONSTRAINT users_failed_login_count_check CHECK ((failed_login_count >= 0)),
    CONSTRAINT users_mfa_has_secret CHECK (((NOT is_mfa_enabled) OR (mfa_secret IS NOT NULL)))
);


--
-- Name: witnesses; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.witnesses (
    id uuid DEFAULT public.uuid_generate_v4() NOT NULL,
    case_id uuid NOT NULL,
    called_by_party_id uuid,
    deposition_id uuid,
    name text NOT NULL,
    kind public.witness_kind NOT NULL,
    status public.witness_status DEFAULT 'identified'::public.witness_status NOT NULL,
    expertise text,
    email public.citext,
    phone text,
    testimony text,
    fee_per_hour numeric(15,2),
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT witnesses_expert_has_expertise CHECK (((kind <> 'expert'::public.witness_kind) OR (expertise IS NOT NULL))),
    CONSTRAINT witnesses_fee_per_hour_check CHECK ((fee_per_hour >= (0)::numeric))
);


--
-- Name: record_changes record_changes_pkey; Type: CONSTRAINT; Schema: audit; Owner: -
--

ALTER TABLE ONLY audit.record_changes
    ADD CONSTRAINT record_changes_pkey PRIMARY KEY (id);


--
-- Name: audit_logs audit_logs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_logs
    ADD CONSTRAINT audit_logs_pkey PRIMARY KEY (id);


--
-- Name: case_phases case_phases_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.case_phases
    ADD CONSTRAINT case_phases_pkey PRIMARY KEY (id);


--
-- Name: case_phases case_phases_position_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.case_phases
    ADD CONSTRAINT case_phases_position_unique UNIQUE (case_id, "position");


--
-- Name: case_team_members case_team_members_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.case_team_members
    ADD CONSTRAINT case_team_members_pkey PRIMARY KEY (id);


--
-- Name: case_team_members case_team_members_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.case_team_members
    ADD CONSTRAINT case_team_members_unique UNIQUE (case_id, user_id);


--
-- Name: cases cases_case_number_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_case_number_key UNIQUE (case_number);


--
-- Name: cases cases_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_pkey PRIMARY KEY (id);


--
-- Name: chain_of_custody_events chain_of_custody_events_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.chain_of_custody_events
    ADD CONSTRAINT chain_of_custody_events_pkey PRIMARY KEY (id);


--
-- Name: chain_of_custody_events chain_of_custody_events_sequence_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.chain_of_custody_events
    ADD CONSTRAINT chain_of_custody_events_sequence_unique UNIQUE (evidence_item_id, sequence_number);


--
-- Name: clauses clauses_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clauses
    ADD CONSTRAINT clauses_pkey PRIMARY KEY (id);


--
-- Name: clauses clauses_position_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clauses
    ADD CONSTRAINT clauses_position_unique UNIQUE (document_id, "position");


--
-- Name: clients clients_client_number_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clients
    ADD CONSTRAINT clients_client_number_key UNIQUE (client_number);


--
-- Name: clients clients_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clients
    ADD CONSTRAINT clients_pkey PRIMARY KEY (id);


--
-- Name: comments comments_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_pkey PRIMARY KEY (id);


--
-- Name: compliance_audits compliance_audits_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.compliance_audits
    ADD CONSTRAINT compliance_audits_pkey PRIMARY KEY (id);


--
-- Name: conflict_checks conflict_checks_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conflict_checks
    ADD CONSTRAINT conflict_checks_pkey PRIMARY KEY (id);


--
-- Name: conversation_participants conversation_participants_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversation_participants
    ADD CONSTRAINT conversation_participants_pkey PRIMARY KEY (id);


--
-- Name: conversation_participants conversation_participants_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversation_participants
    ADD CONSTRAINT conversation_participants_unique UNIQUE (conversation_id, user_id);


--
-- Name: conversations conversations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_pkey PRIMARY KEY (id);


--
-- Name: depositions depositions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.depositions
    ADD CONSTRAINT depositions_pkey PRIMARY KEY (id);


--
-- Name: discovery_requests discovery_requests_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.discovery_requests
    ADD CONSTRAINT discovery_requests_pkey PRIMARY KEY (id);


--
-- Name: docket_entries docket_entries_number_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.docket_entries
    ADD CONSTRAINT docket_entries_number_unique UNIQUE (case_id, entry_number);


--
-- Name: docket_entries docket_entries_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.docket_entries
    ADD CONSTRAINT docket_entries_pkey PRIMARY KEY (id);


--
-- Name: document_versions document_versions_file_path_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.document_versions
    ADD CONSTRAINT document_versions_file_path_key UNIQUE (file_path);


--
-- Name: document_versions document_versions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.document_versions
    ADD CONSTRAINT document_versions_pkey PRIMARY KEY (id);


--
-- Name: document_versions document_versions_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.document_versions
    ADD CONSTRAINT document_versions_unique UNIQUE (document_id, version);


--
-- Name: esi_sources esi_sources_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.esi_sources
    ADD CONSTRAINT esi_sources_pkey PRIMARY KEY (id);


--
-- Name: ethical_wall_members ethical_wall_members_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ethical_wall_members
    ADD CONSTRAINT ethical_wall_members_pkey PRIMARY KEY (id);


--
-- Name: ethical_wall_members ethical_wall_members_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ethical_wall_members
    ADD CONSTRAINT ethical_wall_members_unique UNIQUE (ethical_wall_id, user_id);


--
-- Name: ethical_walls ethical_walls_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ethical_walls
    ADD CONSTRAINT ethical_walls_pkey PRIMARY KEY (id);


--
-- Name: evidence_items evidence_items_number_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.evidence_items
    ADD CONSTRAINT evidence_items_number_unique UNIQUE (case_id, evidence_number);


--
-- Name: evidence_items evidence_items_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.evidence_items
    ADD CONSTRAINT evidence_items_pkey PRIMARY KEY (id);


--
-- Name: firm_expenses firm_expenses_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.firm_expenses
    ADD CONSTRAINT firm_expenses_pkey PRIMARY KEY (id);


--
-- Name: invoices invoices_invoice_number_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_invoice_number_key UNIQUE (invoice_number);


--
-- Name: invoices invoices_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_pkey PRIMARY KEY (id);


--
-- Name: legal_documents legal_documents_file_path_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.legal_documents
    ADD CONSTRAINT legal_documents_file_path_key UNIQUE (file_path);


--
-- Name: legal_documents legal_documents_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.legal_documents
    ADD CONSTRAINT legal_documents_pkey PRIMARY KEY (id);


--
-- Name: legal_entities legal_entities_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.legal_entities
    ADD CONSTRAINT legal_entities_pkey PRIMARY KEY (id);


--
-- Name: legal_entities legal_entities_registration_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.legal_entities
    ADD CONSTRAINT legal_entities_registration_unique UNIQUE (jurisdiction, registration_number);


--
-- Name: legal_hold_custodians legal_hold_custodians_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.legal_hold_custodians
    ADD CONSTRAINT legal_hold_custodians_pkey PRIMARY KEY (id);


--
-- Name: legal_hold_custodians legal_hold_custodians_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.legal_hold_custodians
    ADD CONSTRAINT legal_hold_custodians_unique UNIQUE (legal_hold_id, email);


--
-- Name: legal_holds legal_holds_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.legal_holds
    ADD CONSTRAINT legal_holds_pkey PRIMARY KEY (id);


--
-- Name: messages messages_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (id);


--
-- Name: motions motions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.motions
    ADD CONSTRAINT motions_pkey PRIMARY KEY (id);


--
-- Name: notifications notifications_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (id);


--
-- Name: organizations organizations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_pkey PRIMARY KEY (id);


--
-- Name: organizations organizations_tax_number_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_tax_number_key UNIQUE (tax_number);


--
-- Name: parties parties_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.parties
    ADD CONSTRAINT parties_pkey PRIMARY KEY (id);


--
-- Name: pleading_documents pleading_documents_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.pleading_documents
    ADD CONSTRAINT pleading_documents_pkey PRIMARY KEY (id);


--
-- Name: privilege_log_entries privilege_log_entries_number_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.privilege_log_entries
    ADD CONSTRAINT privilege_log_entries_number_unique UNIQUE (case_id, entry_number);


--
-- Name: privilege_log_entries privilege_log_entries_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.privilege_log_entries
    ADD CONSTRAINT privilege_log_entries_pkey PRIMARY KEY (id);


--
-- Name: projects projects_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (id);


--
-- Name: rate_tables rate_tables_no_overlap; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rate_tables
    ADD CONSTRAINT rate_tables_no_overlap EXCLUDE USING gist (name WITH =, role WITH =, daterange(effective_from, effective_to) WITH &&);


--
-- Name: rate_tables rate_tables_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rate_tables
    ADD CONSTRAINT rate_tables_pkey PRIMARY KEY (id);


--
-- Name: sessions sessions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);


--
-- Name: sessions sessions_token_hash_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_token_hash_key UNIQUE (token_hash);


--
-- Name: taggings taggings_case_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.taggings
    ADD CONSTRAINT taggings_case_unique UNIQUE (case_id, tag_id);


--
-- Name: taggings taggings_client_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.taggings
    ADD CONSTRAINT taggings_client_unique UNIQUE (client_id, tag_id);


--
-- Name: taggings taggings_document_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.taggings
    ADD CONSTRAINT taggings_document_unique UNIQUE (document_id, tag_id);


--
-- Name: taggings taggings_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.taggings
    ADD CONSTRAINT taggings_pkey PRIMARY KEY (id);


--
-- Name: taggings taggings_task_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.taggings
    ADD CONSTRAINT taggings_task_unique UNIQUE (task_id, tag_id);


--
-- Name: tags tags_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tags
    ADD CONSTRAINT tags_name_key UNIQUE (name);


--
-- Name: tags tags_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (id);


--
-- Name: tasks tasks_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (id);


--
-- Name: templates templates_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.templates
    ADD CONSTRAINT templates_pkey PRIMARY KEY (id);


--
-- Name: templates templates_version_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.templates
    ADD CONSTRAINT templates_version_unique UNIQUE (name, version);


--
-- Name: time_entries time_entries_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.time_entries
    ADD CONSTRAINT time_entries_pkey PRIMARY KEY (id);


--
-- Name: trial_exhibits trial_exhibits_number_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_exhibits
    ADD CONSTRAINT trial_exhibits_number_unique UNIQUE (case_id, exhibit_number);


--
-- Name: trial_exhibits trial_exhibits_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_exhibits
    ADD CONSTRAINT trial_exhibits_pkey PRIMARY KEY (id);


--
-- Name: trust_transactions trust_transactions_entry_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trust_transactions
    ADD CONSTRAINT trust_transactions_entry_unique UNIQUE (client_id, case_id, entry_number);


--
-- Name: trust_transactions trust_transactions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trust_transactions
    ADD CONSTRAINT trust_transactions_pkey PRIMARY KEY (id);


--
-- Name: user_profiles user_profiles_bar_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_profiles
    ADD CONSTRAINT user_profiles_bar_unique UNIQUE (bar_state, bar_number);


--
-- Name: user_profiles user_profiles_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_profiles
    ADD CONSTRAINT user_profiles_pkey PRIMARY KEY (id);


--
-- Name: user_profiles user_profiles_user_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_profiles
    ADD CONSTRAINT user_profiles_user_id_key UNIQUE (user_id);


--
-- Name: users users_email_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_key UNIQUE (email);


--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);


--
-- Name: witnesses witnesses_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.witnesses
    ADD CONSTRAINT witnesses_pkey PRIMARY KEY (id);


--
-- Name: record_changes_happened_at_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX record_changes_happened_at_idx ON audit.record_changes USING brin (happened_at);


--
-- Name: record_changes_record_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX record_changes_record_idx ON audit.record_changes USING btree (table_name, record_id);


--
-- Name: record_changes_user_id_idx; Type: INDEX; Schema: audit; Owner: -
--

CREATE INDEX record_changes_user_id_idx ON audit.record_changes USING btree (user_id);


--
-- Name: audit_logs_created_at_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_logs_created_at_idx ON public.audit_logs USING btree (created_at);


--
-- Name: audit_logs_entity_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_logs_entity_idx ON public.audit_logs USING btree (entity_table, entity_id);


--
-- Name: audit_logs_user_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_logs_user_id_idx ON public.audit_logs USING btree (user_id);


--
-- Name: case_team_members_user_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX case_team_members_user_id_idx ON public.case_team_members USING btree (user_id);


--
-- Name: cases_client_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX cases_client_id_idx ON public.cases USING btree (client_id);


--
-- Name: cases_lead_attorney_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX cases_lead_attorney_id_idx ON public.cases USING btree (lead_attorney_id);


--
-- Name: cases_status_priority_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX cases_status_priority_idx ON public.cases USING btree (status, priority) WHERE (deleted_at IS NULL);


--
-- Name: cases_title_trgm_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX cases_title_trgm_idx ON public.cases USING gin (public.imm_unaccent(title) public.gin_trgm_ops);


--
-- Name: chain_of_custody_events_recorded_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX chain_of_custody_events_recorded_by_idx ON public.chain_of_custody_events USING btree (recorded_by);


--
-- Name: clauses_kind_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX clauses_kind_idx ON public.clauses USING btree (kind);


--
-- Name: clauses_search_vector_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX clauses_search_vector_idx ON public.clauses USING gin (search_vector);


--
-- Name: clauses_source_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX clauses_source_id_idx ON public.clauses USING btree (source_id);


--
-- Name: clients_name_trgm_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX clients_name_trgm_idx ON public.clients USING gin (public.imm_unaccent(name) public.gin_trgm_ops);


--
-- Name: clients_organization_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX clients_organization_id_idx ON public.clients USING btree (organization_id);


--
-- Name: clients_responsible_attorney_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX clients_responsible_attorney_id_idx ON public.clients USING btree (responsible_attorney_id);


--
-- Name: clients_status_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX clients_status_idx ON public.clients USING btree (status) WHERE (deleted_at IS NULL);


--
-- Name: comments_author_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX comments_author_id_idx ON public.comments USING btree (author_id);


--
-- Name: comments_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX comments_case_id_idx ON public.comments USING btree (case_id);


--
-- Name: comments_document_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX comments_document_id_idx ON public.comments USING btree (document_id);


--
-- Name: comments_parent_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX comments_parent_id_idx ON public.comments USING btree (parent_id);


--
-- Name: comments_task_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX comments_task_id_idx ON public.comments USING btree (task_id);


--
-- Name: compliance_audits_auditor_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX compliance_audits_auditor_id_idx ON public.compliance_audits USING btree (auditor_id);


--
-- Name: compliance_audits_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX compliance_audits_case_id_idx ON public.compliance_audits USING btree (case_id);


--
-- Name: compliance_audits_client_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX compliance_audits_client_id_idx ON public.compliance_audits USING btree (client_id);


--
-- Name: conflict_checks_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX conflict_checks_case_id_idx ON public.conflict_checks USING btree (case_id);


--
-- Name: conflict_checks_client_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX conflict_checks_client_id_idx ON public.conflict_checks USING btree (client_id);


--
-- Name: conflict_checks_requested_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX conflict_checks_requested_by_idx ON public.conflict_checks USING btree (requested_by);


--
-- Name: conflict_checks_resolved_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX conflict_checks_resolved_by_idx ON public.conflict_checks USING btree (resolved_by);


--
-- Name: conflict_checks_search_terms_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX conflict_checks_search_terms_idx ON public.conflict_checks USING gin (search_terms);


--
-- Name: conversation_participants_user_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX conversation_participants_user_id_idx ON public.conversation_participants USING btree (user_id);


--
-- Name: conversations_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX conversations_case_id_idx ON public.conversations USING btree (case_id);


--
-- Name: conversations_created_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX conversations_created_by_idx ON public.conversations USING btree (created_by);


--
-- Name: depositions_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX depositions_case_id_idx ON public.depositions USING btree (case_id);


--
-- Name: depositions_deponent_party_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX depositions_deponent_party_id_idx ON public.depositions USING btree (deponent_party_id);


--
-- Name: depositions_taken_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX depositions_taken_by_idx ON public.depositions USING btree (taken_by);


--
-- Name: depositions_transcript_document_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX depositions_transcript_document_id_idx ON public.depositions USING btree (transcript_document_id);


--
-- Name: discovery_requests_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX discovery_requests_case_id_idx ON public.discovery_requests USING btree (case_id);


--
-- Name: discovery_requests_document_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX discovery_requests_document_id_idx ON public.discovery_requests USING btree (document_id);


--
-- Name: discovery_requests_from_party_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX discovery_requests_from_party_id_idx ON public.discovery_requests USING btree (from_party_id);


--
-- Name: discovery_requests_to_party_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX discovery_requests_to_party_id_idx ON public.discovery_requests USING btree (to_party_id);


--
-- Name: docket_entries_document_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX docket_entries_document_id_idx ON public.docket_entries USING btree (document_id);


--
-- Name: docket_entries_filed_by_party_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX docket_entries_filed_by_party_id_idx ON public.docket_entries USING btree (filed_by_party_id);


--
-- Name: document_versions_author_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX document_versions_author_id_idx ON public.document_versions USING btree (author_id);


--
-- Name: esi_sources_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX esi_sources_case_id_idx ON public.esi_sources USING btree (case_id);


--
-- Name: esi_sources_legal_hold_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX esi_sources_legal_hold_id_idx ON public.esi_sources USING btree (legal_hold_id);


--
-- Name: ethical_wall_members_user_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ethical_wall_members_user_id_idx ON public.ethical_wall_members USING btree (user_id);


--
-- Name: ethical_walls_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ethical_walls_case_id_idx ON public.ethical_walls USING btree (case_id);


--
-- Name: ethical_walls_created_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ethical_walls_created_by_idx ON public.ethical_walls USING btree (created_by);


--
-- Name: evidence_items_collected_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX evidence_items_collected_by_idx ON public.evidence_items USING btree (collected_by);


--
-- Name: evidence_items_document_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX evidence_items_document_id_idx ON public.evidence_items USING btree (document_id);


--
-- Name: evidence_items_esi_source_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX evidence_items_esi_source_id_idx ON public.evidence_items USING btree (esi_source_id);


--
-- Name: firm_expenses_approved_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX firm_expenses_approved_by_idx ON public.firm_expenses USING btree (approved_by);


--
-- Name: firm_expenses_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX firm_expenses_case_id_idx ON public.firm_expenses USING btree (case_id);


--
-- Name: firm_expenses_invoice_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX firm_expenses_invoice_id_idx ON public.firm_expenses USING btree (invoice_id);


--
-- Name: firm_expenses_user_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX firm_expenses_user_id_idx ON public.firm_expenses USING btree (user_id);


--
-- Name: invoices_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX invoices_case_id_idx ON public.invoices USING btree (case_id);


--
-- Name: invoices_client_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX invoices_client_id_idx ON public.invoices USING btree (client_id);


--
-- Name: invoices_status_due_on_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX invoices_status_due_on_idx ON public.invoices USING btree (status, due_on) WHERE (deleted_at IS NULL);


--
-- Name: legal_documents_author_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX legal_documents_author_id_idx ON public.legal_documents USING btree (author_id);


--
-- Name: legal_documents_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX legal_documents_case_id_idx ON public.legal_documents USING btree (case_id);


--
-- Name: legal_documents_checksum_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX legal_documents_checksum_idx ON public.legal_documents USING btree (checksum);


--
-- Name: legal_documents_client_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX legal_documents_client_id_idx ON public.legal_documents USING btree (client_id);


--
-- Name: legal_documents_kind_status_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX legal_documents_kind_status_idx ON public.legal_documents USING btree (kind, status) WHERE (deleted_at IS NULL);


--
-- Name: legal_documents_metadata_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX legal_documents_metadata_idx ON public.legal_documents USING gin (metadata jsonb_path_ops);


--
-- Name: legal_documents_search_vector_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX legal_documents_search_vector_idx ON public.legal_documents USING gin (search_vector);


--
-- Name: legal_documents_title_trgm_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX legal_documents_title_trgm_idx ON public.legal_documents USING gin (public.imm_unaccent(title) public.gin_trgm_ops);


--
-- Name: legal_entities_client_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX legal_entities_client_id_idx ON public.legal_entities USING btree (client_id);


--
-- Name: legal_entities_name_trgm_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX legal_entities_name_trgm_idx ON public.legal_entities USING gin (public.imm_unaccent(name) public.gin_trgm_ops);


--
-- Name: legal_entities_organization_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX legal_entities_organization_id_idx ON public.legal_entities USING btree (organization_id);


--
-- Name: legal_entities_parent_entity_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX legal_entities_parent_entity_id_idx ON public.legal_entities USING btree (parent_entity_id);


--
-- Name: legal_holds_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX legal_holds_case_id_idx ON public.legal_holds USING btree (case_id);


--
-- Name: legal_holds_issued_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX legal_holds_issued_by_idx ON public.legal_holds USING btree (issued_by);


--
-- Name: messages_conversation_id_sent_at_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX messages_conversation_id_sent_at_idx ON public.messages USING btree (conversation_id, sent_at);


--
-- Name: messages_reply_to_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX messages_reply_to_id_idx ON public.messages USING btree (reply_to_id);


--
-- Name: messages_sender_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX messages_sender_id_idx ON public.messages USING btree (sender_id);


--
-- Name: motions_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX motions_case_id_idx ON public.motions USING btree (case_id);


--
-- Name: motions_document_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX motions_document_id_idx ON public.motions USING btree (document_id);


--
-- Name: motions_filed_by_party_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX motions_filed_by_party_id_idx ON public.motions USING btree (filed_by_party_id);


--
-- Name: motions_hearing_at_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX motions_hearing_at_idx ON public.motions USING btree (hearing_at) WHERE (decided_on IS NULL);


--
-- Name: notifications_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX notifications_case_id_idx ON public.notifications USING btree (case_id);


--
-- Name: notifications_unread_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX notifications_unread_idx ON public.notifications USING btree (user_id, sent_at) WHERE (read_at IS NULL);


--
-- Name: notifications_user_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX notifications_user_id_idx ON public.notifications USING btree (user_id);


--
-- Name: organizations_name_trgm_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX organizations_name_trgm_idx ON public.organizations USING gin (public.imm_unaccent(name) public.gin_trgm_ops);


--
-- Name: organizations_parent_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX organizations_parent_id_idx ON public.organizations USING btree (parent_id);


--
-- Name: parties_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX parties_case_id_idx ON public.parties USING btree (case_id);


--
-- Name: parties_legal_entity_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX parties_legal_entity_id_idx ON public.parties USING btree (legal_entity_id);


--
-- Name: parties_name_trgm_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX parties_name_trgm_idx ON public.parties USING gin (public.imm_unaccent(name) public.gin_trgm_ops);


--
-- Name: pleading_documents_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX pleading_documents_case_id_idx ON public.pleading_documents USING btree (case_id);


--
-- Name: pleading_documents_document_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX pleading_documents_document_id_idx ON public.pleading_documents USING btree (document_id);


--
-- Name: pleading_documents_filed_by_party_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX pleading_documents_filed_by_party_id_idx ON public.pleading_documents USING btree (filed_by_party_id);


--
-- Name: privilege_log_entries_discovery_request_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX privilege_log_entries_discovery_request_id_idx ON public.privilege_log_entries USING btree (discovery_request_id);


--
-- Name: privilege_log_entries_document_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX privilege_log_entries_document_id_idx ON public.privilege_log_entries USING btree (document_id);


--
-- Name: projects_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX projects_case_id_idx ON public.projects USING btree (case_id);


--
-- Name: projects_manager_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX projects_manager_id_idx ON public.projects USING btree (manager_id);


--
-- Name: rate_tables_client_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX rate_tables_client_id_idx ON public.rate_tables USING btree (client_id);


--
-- Name: sessions_expires_at_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sessions_expires_at_idx ON public.sessions USING btree (expires_at) WHERE (revoked_at IS NULL);


--
-- Name: sessions_user_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sessions_user_id_idx ON public.sessions USING btree (user_id);


--
-- Name: taggings_tag_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX taggings_tag_id_idx ON public.taggings USING btree (tag_id);


--
-- Name: taggings_tagged_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX taggings_tagged_by_idx ON public.taggings USING btree (tagged_by);


--
-- Name: tasks_assignee_id_due_on_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX tasks_assignee_id_due_on_idx ON public.tasks USING btree (assignee_id, due_on);


--
-- Name: tasks_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX tasks_case_id_idx ON public.tasks USING btree (case_id);


--
-- Name: tasks_created_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX tasks_created_by_idx ON public.tasks USING btree (created_by);


--
-- Name: tasks_parent_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX tasks_parent_id_idx ON public.tasks USING btree (parent_id);


--
-- Name: tasks_project_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX tasks_project_id_idx ON public.tasks USING btree (project_id);


--
-- Name: templates_created_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX templates_created_by_idx ON public.templates USING btree (created_by);


--
-- Name: templates_kind_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX templates_kind_idx ON public.templates USING btree (kind) WHERE is_active;


--
-- Name: time_entries_approved_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX time_entries_approved_by_idx ON public.time_entries USING btree (approved_by);


--
-- Name: time_entries_case_id_worked_on_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX time_entries_case_id_worked_on_idx ON public.time_entries USING btree (case_id, worked_on);


--
-- Name: time_entries_invoice_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX time_entries_invoice_id_idx ON public.time_entries USING btree (invoice_id);


--
-- Name: time_entries_user_id_worked_on_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX time_entries_user_id_worked_on_idx ON public.time_entries USING btree (user_id, worked_on);


--
-- Name: trial_exhibits_document_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trial_exhibits_document_id_idx ON public.trial_exhibits USING btree (document_id);


--
-- Name: trial_exhibits_evidence_item_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trial_exhibits_evidence_item_id_idx ON public.trial_exhibits USING btree (evidence_item_id);


--
-- Name: trial_exhibits_offered_by_party_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trial_exhibits_offered_by_party_id_idx ON public.trial_exhibits USING btree (offered_by_party_id);


--
-- Name: trial_exhibits_sponsoring_witness_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trial_exhibits_sponsoring_witness_id_idx ON public.trial_exhibits USING btree (sponsoring_witness_id);


--
-- Name: trust_transactions_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trust_transactions_case_id_idx ON public.trust_transactions USING btree (case_id);


--
-- Name: trust_transactions_invoice_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trust_transactions_invoice_id_idx ON public.trust_transactions USING btree (invoice_id);


--
-- Name: trust_transactions_recorded_by_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trust_transactions_recorded_by_idx ON public.trust_transactions USING btree (recorded_by);


--
-- Name: users_full_name_trgm_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX users_full_name_trgm_idx ON public.users USING gin (public.imm_unaccent(full_name) public.gin_trgm_ops);


--
-- Name: users_role_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX users_role_idx ON public.users USING btree (role) WHERE (deleted_at IS NULL);


--
-- Name: witnesses_called_by_party_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX witnesses_called_by_party_id_idx ON public.witnesses USING btree (called_by_party_id);


--
-- Name: witnesses_case_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX witnesses_case_id_idx ON public.witnesses USING btree (case_id);


--
-- Name: witnesses_deposition_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX witnesses_deposition_id_idx ON public.witnesses USING btree (deposition_id);


--
-- Name: witnesses_name_trgm_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX witnesses_name_trgm_idx ON public.witnesses USING gin (public.imm_unaccent(name) public.gin_trgm_ops);


--
-- Name: audit_logs record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.audit_logs FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: cases record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.cases FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: chain_of_custody_events record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.chain_of_custody_events FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: clients record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.clients FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: compliance_audits record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.compliance_audits FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: conflict_checks record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.conflict_checks FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: ethical_wall_members record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.ethical_wall_members FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: ethical_walls record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.ethical_walls FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: evidence_items record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.evidence_items FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: firm_expenses record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.firm_expenses FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: invoices record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.invoices FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: legal_documents record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.legal_documents FOR EACH ROW EXECUTE FUNCTION audit.record_change('content');


--
-- Name: legal_hold_custodians record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.legal_hold_custodians FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: legal_holds record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.legal_holds FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: parties record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.parties FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: privilege_log_entries record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.privilege_log_entries FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: rate_tables record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.rate_tables FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: time_entries record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.time_entries FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: trust_transactions record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.trust_transactions FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: users record_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_change AFTER INSERT OR DELETE OR UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION audit.record_change();


--
-- Name: audit_logs record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.audit_logs FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: cases record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.cases FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: chain_of_custody_events record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.chain_of_custody_events FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: clients record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.clients FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: compliance_audits record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.compliance_audits FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: conflict_checks record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.conflict_checks FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: ethical_wall_members record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.ethical_wall_members FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: ethical_walls record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.ethical_walls FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: evidence_items record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.evidence_items FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: firm_expenses record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.firm_expenses FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: invoices record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.invoices FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: legal_documents record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.legal_documents FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: legal_hold_custodians record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.legal_hold_custodians FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: legal_holds record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.legal_holds FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: parties record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.parties FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: privilege_log_entries record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.privilege_log_entries FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: rate_tables record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.rate_tables FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: time_entries record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.time_entries FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: trust_transactions record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.trust_transactions FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: users record_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.users FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();


--
-- Name: case_phases set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.case_phases FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: case_team_members set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.case_team_members FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: cases set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.cases FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: clauses set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.clauses FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: clients set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.clients FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: comments set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.comments FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: compliance_audits set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.compliance_audits FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: conflict_checks set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.conflict_checks FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: conversation_participants set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.conversation_participants FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: conversations set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.conversations FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: depositions set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.depositions FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: discovery_requests set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.discovery_requests FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: docket_entries set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.docket_entries FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: document_versions set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.document_versions FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: esi_sources set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.esi_sources FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: ethical_wall_members set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.ethical_wall_members FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: ethical_walls set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.ethical_walls FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: evidence_items set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.evidence_items FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: firm_expenses set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.firm_expenses FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: invoices set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.invoices FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: legal_documents set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.legal_documents FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: legal_entities set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.legal_entities FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: legal_hold_custodians set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.legal_hold_custodians FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: legal_holds set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.legal_holds FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: messages set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.messages FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: motions set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.motions FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: notifications set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.notifications FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: organizations set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.organizations FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: parties set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.parties FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: pleading_documents set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.pleading_documents FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: privilege_log_entries set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.privilege_log_entries FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: projects set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.projects FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: rate_tables set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.rate_tables FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: sessions set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.sessions FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: tags set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.tags FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: tasks set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.tasks FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: templates set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.templates FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: time_entries set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.time_entries FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: trial_exhibits set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.trial_exhibits FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: trust_transactions set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.trust_transactions FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: user_profiles set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.user_profiles FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: users set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: witnesses set_updated_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.witnesses FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();


--
-- Name: audit_logs audit_logs_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_logs
    ADD CONSTRAINT audit_logs_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE RESTRICT;


--
-- Name: case_phases case_phases_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.case_phases
    ADD CONSTRAINT case_phases_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: case_team_members case_team_members_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.case_team_members
    ADD CONSTRAINT case_team_members_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: case_team_members case_team_members_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.case_team_members
    ADD CONSTRAINT case_team_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;


--
-- Name: cases cases_client_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(id) ON DELETE RESTRICT;


--
-- Name: cases cases_lead_attorney_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_lead_attorney_id_fkey FOREIGN KEY (lead_attorney_id) REFERENCES public.users(id) ON DELETE SET NULL;


--
-- Name: chain_of_custody_events chain_of_custody_events_evidence_item_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.chain_of_custody_events
    ADD CONSTRAINT chain_of_custody_events_evidence_item_id_fkey FOREIGN KEY (evidence_item_id) REFERENCES public.evidence_items(id) ON DELETE RESTRICT;


--
-- Name: chain_of_custody_events chain_of_custody_events_recorded_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.chain_of_custody_events
    ADD CONSTRAINT chain_of_custody_events_recorded_by_fkey FOREIGN KEY (recorded_by) REFERENCES public.users(id) ON DELETE RESTRICT;


--
-- Name: clauses clauses_document_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clauses
    ADD CONSTRAINT clauses_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.legal_documents(id) ON DELETE CASCADE;


--
-- Name: clauses clauses_source_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clauses
    ADD CONSTRAINT clauses_source_id_fkey FOREIGN KEY (source_id) REFERENCES public.clauses(id) ON DELETE SET NULL;


--
-- Name: clients clients_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clients
    ADD CONSTRAINT clients_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE SET NULL;


--
-- Name: clients clients_responsible_attorney_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clients
    ADD CONSTRAINT clients_responsible_attorney_id_fkey FOREIGN KEY (responsible_attorney_id) REFERENCES public.users(id) ON DELETE SET NULL;


--
-- Name: comments comments_author_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_author_id_fkey FOREIGN KEY (author_id) REFERENCES public.users(id) ON DELETE SET NULL;


--
-- Name: comments comments_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: comments comments_document_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.legal_documents(id) ON DELETE CASCADE;


--
-- Name: comments comments_parent_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.comments(id) ON DELETE CASCADE;


--
-- Name: comments comments_task_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.comments
    ADD CONSTRAINT comments_task_id_fkey FOREIGN KEY (task_id) REFERENCES public.tasks(id) ON DELETE CASCADE;


--
-- Name: compliance_audits compliance_audits_auditor_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.compliance_audits
    ADD CONSTRAINT compliance_audits_auditor_id_fkey FOREIGN KEY (auditor_id) REFERENCES public.users(id) ON DELETE RESTRICT;


--
-- Name: compliance_audits compliance_audits_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.compliance_audits
    ADD CONSTRAINT compliance_audits_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE RESTRICT;


--
-- Name: compliance_audits compliance_audits_client_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.compliance_audits
    ADD CONSTRAINT compliance_audits_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(id) ON DELETE RESTRICT;


--
-- Name: conflict_checks conflict_checks_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conflict_checks
    ADD CONSTRAINT conflict_checks_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE SET NULL;


--
-- Name: conflict_checks conflict_checks_client_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conflict_checks
    ADD CONSTRAINT conflict_checks_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(id) ON DELETE SET NULL;


--
-- Name: conflict_checks conflict_checks_requested_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conflict_checks
    ADD CONSTRAINT conflict_checks_requested_by_fkey FOREIGN KEY (requested_by) REFERENCES public.users(id) ON DELETE RESTRICT;


--
-- Name: conflict_checks conflict_checks_resolved_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conflict_checks
    ADD CONSTRAINT conflict_checks_resolved_by_fkey FOREIGN KEY (resolved_by) REFERENCES public.users(id) ON DELETE SET NULL;


--
-- Name: conversation_participants conversation_participants_conversation_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversation_participants
    ADD CONSTRAINT conversation_participants_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES public.conversations(id) ON DELETE CASCADE;


--
-- Name: conversation_participants conversation_participants_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversation_participants
    ADD CONSTRAINT conversation_participants_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;


--
-- Name: conversations conversations_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE SET NULL;


--
-- Name: conversations conversations_created_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id) ON DELETE SET NULL;


--
-- Name: depositions depositions_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.depositions
    ADD CONSTRAINT depositions_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: depositions depositions_deponent_party_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.depositions
    ADD CONSTRAINT depositions_deponent_party_id_fkey FOREIGN KEY (deponent_party_id) REFERENCES public.parties(id) ON DELETE SET NULL;


--
-- Name: depositions depositions_taken_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.depositions
    ADD CONSTRAINT depositions_taken_by_fkey FOREIGN KEY (taken_by) REFERENCES public.users(id) ON DELETE SET NULL;


--
-- Name: depositions depositions_transcript_document_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.depositions
    ADD CONSTRAINT depositions_transcript_document_id_fkey FOREIGN KEY (transcript_document_id) REFERENCES public.legal_documents(id) ON DELETE SET NULL;


--
-- Name: discovery_requests discovery_requests_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.discovery_requests
    ADD CONSTRAINT discovery_requests_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: discovery_requests discovery_requests_document_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.discovery_requests
    ADD CONSTRAINT discovery_requests_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.legal_documents(id) ON DELETE SET NULL;


--
-- Name: discovery_requests discovery_requests_from_party_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.discovery_requests
    ADD CONSTRAINT discovery_requests_from_party_id_fkey FOREIGN KEY (from_party_id) REFERENCES public.parties(id) ON DELETE SET NULL;


--
-- Name: discovery_requests discovery_requests_to_party_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.discovery_requests
    ADD CONSTRAINT discovery_requests_to_party_id_fkey FOREIGN KEY (to_party_id) REFERENCES public.parties(id) ON DELETE SET NULL;


--
-- Name: docket_entries docket_entries_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.docket_entries
    ADD CONSTRAINT docket_entries_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: docket_entries docket_entries_document_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.docket_entries
    ADD CONSTRAINT docket_entries_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.legal_documents(id) ON DELETE SET NULL;


--
-- Name: docket_entries docket_entries_filed_by_party_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.docket_entries
    ADD CONSTRAINT docket_entries_filed_by_party_id_fkey FOREIGN KEY (filed_by_party_id) REFERENCES public.parties(id) ON DELETE SET NULL;


--
-- Name: document_versions document_versions_author_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.document_versions
    ADD CONSTRAINT document_versions_author_id_fkey FOREIGN KEY (author_id) REFERENCES public.users(id) ON DELETE SET NULL;


--
-- Name: document_versions document_versions_document_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.document_versions
    ADD CONSTRAINT document_versions_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.legal_documents(id) ON DELETE CASCADE;


--
-- Name: esi_sources esi_sources_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.esi_sources
    ADD CONSTRAINT esi_sources_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: esi_sources esi_sources_legal_hold_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.esi_sources
    ADD CONSTRAINT esi_sources_legal_hold_id_fkey FOREIGN KEY (legal_hold_id) REFERENCES public.legal_holds(id) ON DELETE SET NULL;


--
-- Name: ethical_wall_members ethical_wall_members_ethical_wall_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ethical_wall_members
    ADD CONSTRAINT ethical_wall_members_ethical_wall_id_fkey FOREIGN KEY (ethical_wall_id) REFERENCES public.ethical_walls(id) ON DELETE CASCADE;


--
-- Name: ethical_wall_members ethical_wall_members_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ethical_wall_members
    ADD CONSTRAINT ethical_wall_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE RESTRICT;


--
-- Name: ethical_walls ethical_walls_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ethical_walls
    ADD CONSTRAINT ethical_walls_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: ethical_walls ethical_walls_created_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ethical_walls
    ADD CONSTRAINT ethical_walls_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id) ON DELETE RESTRICT;


--
-- Name: evidence_items evidence_items_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.evidence_items
    ADD CONSTRAINT evidence_items_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: evidence_items evidence_items_collected_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.evidence_items
    ADD CONSTRAINT evidence_items_collected_by_fkey FOREIGN KEY (collected_by) REFERENCES public.users(id) ON DELETE SET NULL;


--
-- Name: evidence_items evidence_items_document_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.evidence_items
    ADD CONSTRAINT evidence_items_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.legal_documents(id) ON DELETE SET NULL;


--
-- Name: evidence_items evidence_items_esi_source_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.evidence_items
    ADD CONSTRAINT evidence_items_esi_source_id_fkey FOREIGN KEY (esi_source_id) REFERENCES public.esi_sources(id) ON DELETE SET NULL;


--
-- Name: firm_expenses firm_expenses_approved_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.firm_expenses
    ADD CONSTRAINT firm_expenses_approved_by_fkey FOREIGN KEY (approved_by) REFERENCES public.users(id) ON DELETE SET NULL;


--
-- Name: firm_expenses firm_expenses_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.firm_expenses
    ADD CONSTRAINT firm_expenses_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE SET NULL;


--
-- Name: firm_expenses firm_expenses_invoice_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.firm_expenses
    ADD CONSTRAINT firm_expenses_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES public.invoices(id) ON DELETE SET NULL;


--
-- Name: firm_expenses firm_expenses_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.firm_expenses
    ADD CONSTRAINT firm_expenses_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE RESTRICT;


--
-- Name: invoices invoices_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE SET NULL;


--
-- Name: invoices invoices_client_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.invoices
    ADD CONSTRAINT invoices_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(id) ON DELETE RESTRICT;


--
-- Name: legal_documents legal_documents_author_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.legal_documents
    ADD CONSTRAINT legal_documents_author_id_fkey FOREIGN KEY (author_id) REFERENCES public.users(id) ON DELETE SET NULL;


--
-- Name: legal_documents legal_documents_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.legal_documents
    ADD CONSTRAINT legal_documents_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE SET NULL;


--
-- Name: legal_documents legal_documents_client_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.legal_documents
    ADD CONSTRAINT legal_documents_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(id) ON DELETE SET NULL;


--
-- Name: legal_entities legal_entities_client_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.legal_entities
    ADD CONSTRAINT legal_entities_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(id) ON DELETE CASCADE;


--
-- Name: legal_entities legal_entities_organization_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.legal_entities
    ADD CONSTRAINT legal_entities_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE SET NULL;


--
-- Name: legal_entities legal_entities_parent_entity_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.legal_entities
    ADD CONSTRAINT legal_entities_parent_entity_id_fkey FOREIGN KEY (parent_entity_id) REFERENCES public.legal_entities(id) ON DELETE SET NULL;


--
-- Name: legal_hold_custodians legal_hold_custodians_legal_hold_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.legal_hold_custodians
    ADD CONSTRAINT legal_hold_custodians_legal_hold_id_fkey FOREIGN KEY (legal_hold_id) REFERENCES public.legal_holds(id) ON DELETE RESTRICT;


--
-- Name: legal_holds legal_holds_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.legal_holds
    ADD CONSTRAINT legal_holds_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE RESTRICT;


--
-- Name: legal_holds legal_holds_issued_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.legal_holds
    ADD CONSTRAINT legal_holds_issued_by_fkey FOREIGN KEY (issued_by) REFERENCES public.users(id) ON DELETE RESTRICT;


--
-- Name: messages messages_conversation_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES public.conversations(id) ON DELETE CASCADE;


--
-- Name: messages messages_reply_to_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_reply_to_id_fkey FOREIGN KEY (reply_to_id) REFERENCES public.messages(id) ON DELETE SET NULL;


--
-- Name: messages messages_sender_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_sender_id_fkey FOREIGN KEY (sender_id) REFERENCES public.users(id) ON DELETE SET NULL;


--
-- Name: motions motions_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.motions
    ADD CONSTRAINT motions_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: motions motions_document_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.motions
    ADD CONSTRAINT motions_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.legal_documents(id) ON DELETE SET NULL;


--
-- Name: motions motions_filed_by_party_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.motions
    ADD CONSTRAINT motions_filed_by_party_id_fkey FOREIGN KEY (filed_by_party_id) REFERENCES public.parties(id) ON DELETE SET NULL;


--
-- Name: notifications notifications_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: notifications notifications_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;


--
-- Name: organizations organizations_parent_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.organizations(id) ON DELETE SET NULL;


--
-- Name: parties parties_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.parties
    ADD CONSTRAINT parties_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: parties parties_legal_entity_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.parties
    ADD CONSTRAINT parties_legal_entity_id_fkey FOREIGN KEY (legal_entity_id) REFERENCES public.legal_entities(id) ON DELETE SET NULL;


--
-- Name: pleading_documents pleading_documents_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.pleading_documents
    ADD CONSTRAINT pleading_documents_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: pleading_documents pleading_documents_document_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.pleading_documents
    ADD CONSTRAINT pleading_documents_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.legal_documents(id) ON DELETE SET NULL;


--
-- Name: pleading_documents pleading_documents_filed_by_party_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.pleading_documents
    ADD CONSTRAINT pleading_documents_filed_by_party_id_fkey FOREIGN KEY (filed_by_party_id) REFERENCES public.parties(id) ON DELETE SET NULL;


--
-- Name: privilege_log_entries privilege_log_entries_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.privilege_log_entries
    ADD CONSTRAINT privilege_log_entries_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: privilege_log_entries privilege_log_entries_discovery_request_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.privilege_log_entries
    ADD CONSTRAINT privilege_log_entries_discovery_request_id_fkey FOREIGN KEY (discovery_request_id) REFERENCES public.discovery_requests(id) ON DELETE SET NULL;


--
-- Name: privilege_log_entries privilege_log_entries_document_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.privilege_log_entries
    ADD CONSTRAINT privilege_log_entries_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.legal_documents(id) ON DELETE SET NULL;


--
-- Name: projects projects_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: projects projects_manager_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_manager_id_fkey FOREIGN KEY (manager_id) REFERENCES public.users(id) ON DELETE SET NULL;


--
-- Name: rate_tables rate_tables_client_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rate_tables
    ADD CONSTRAINT rate_tables_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(id) ON DELETE CASCADE;


--
-- Name: sessions sessions_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;


--
-- Name: taggings taggings_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.taggings
    ADD CONSTRAINT taggings_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: taggings taggings_client_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.taggings
    ADD CONSTRAINT taggings_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(id) ON DELETE CASCADE;


--
-- Name: taggings taggings_document_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.taggings
    ADD CONSTRAINT taggings_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.legal_documents(id) ON DELETE CASCADE;


--
-- Name: taggings taggings_tag_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.taggings
    ADD CONSTRAINT taggings_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES public.tags(id) ON DELETE CASCADE;


--
-- Name: taggings taggings_tagged_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.taggings
    ADD CONSTRAINT taggings_tagged_by_fkey FOREIGN KEY (tagged_by) REFERENCES public.users(id) ON DELETE SET NULL;


--
-- Name: taggings taggings_task_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.taggings
    ADD CONSTRAINT taggings_task_id_fkey FOREIGN KEY (task_id) REFERENCES public.tasks(id) ON DELETE CASCADE;


--
-- Name: tasks tasks_assignee_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_assignee_id_fkey FOREIGN KEY (assignee_id) REFERENCES public.users(id) ON DELETE SET NULL;


--
-- Name: tasks tasks_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: tasks tasks_created_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id) ON DELETE SET NULL;


--
-- Name: tasks tasks_parent_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.tasks(id) ON DELETE CASCADE;


--
-- Name: tasks tasks_project_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id) ON DELETE SET NULL;


--
-- Name: templates templates_created_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.templates
    ADD CONSTRAINT templates_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id) ON DELETE SET NULL;


--
-- Name: time_entries time_entries_approved_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.time_entries
    ADD CONSTRAINT time_entries_approved_by_fkey FOREIGN KEY (approved_by) REFERENCES public.users(id) ON DELETE SET NULL;


--
-- Name: time_entries time_entries_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.time_entries
    ADD CONSTRAINT time_entries_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: time_entries time_entries_invoice_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.time_entries
    ADD CONSTRAINT time_entries_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES public.invoices(id) ON DELETE SET NULL;


--
-- Name: time_entries time_entries_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.time_entries
    ADD CONSTRAINT time_entries_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE RESTRICT;


--
-- Name: trial_exhibits trial_exhibits_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_exhibits
    ADD CONSTRAINT trial_exhibits_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: trial_exhibits trial_exhibits_document_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_exhibits
    ADD CONSTRAINT trial_exhibits_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.legal_documents(id) ON DELETE SET NULL;


--
-- Name: trial_exhibits trial_exhibits_evidence_item_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_exhibits
    ADD CONSTRAINT trial_exhibits_evidence_item_id_fkey FOREIGN KEY (evidence_item_id) REFERENCES public.evidence_items(id) ON DELETE SET NULL;


--
-- Name: trial_exhibits trial_exhibits_offered_by_party_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_exhibits
    ADD CONSTRAINT trial_exhibits_offered_by_party_id_fkey FOREIGN KEY (offered_by_party_id) REFERENCES public.parties(id) ON DELETE SET NULL;


--
-- Name: trial_exhibits trial_exhibits_sponsoring_witness_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trial_exhibits
    ADD CONSTRAINT trial_exhibits_sponsoring_witness_id_fkey FOREIGN KEY (sponsoring_witness_id) REFERENCES public.witnesses(id) ON DELETE SET NULL;


--
-- Name: trust_transactions trust_transactions_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trust_transactions
    ADD CONSTRAINT trust_transactions_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE RESTRICT;


--
-- Name: trust_transactions trust_transactions_client_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trust_transactions
    ADD CONSTRAINT trust_transactions_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(id) ON DELETE RESTRICT;


--
-- Name: trust_transactions trust_transactions_invoice_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trust_transactions
    ADD CONSTRAINT trust_transactions_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES public.invoices(id) ON DELETE RESTRICT;


--
-- Name: trust_transactions trust_transactions_recorded_by_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trust_transactions
    ADD CONSTRAINT trust_transactions_recorded_by_fkey FOREIGN KEY (recorded_by) REFERENCES public.users(id) ON DELETE RESTRICT;


--
-- Name: user_profiles user_profiles_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_profiles
    ADD CONSTRAINT user_profiles_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;


--
-- Name: witnesses witnesses_called_by_party_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.witnesses
    ADD CONSTRAINT witnesses_called_by_party_id_fkey FOREIGN KEY (called_by_party_id) REFERENCES public.parties(id) ON DELETE SET NULL;


--
-- Name: witnesses witnesses_case_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.witnesses
    ADD CONSTRAINT witnesses_case_id_fkey FOREIGN KEY (case_id) REFERENCES public.cases(id) ON DELETE CASCADE;


--
-- Name: witnesses witnesses_deposition_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.witnesses
    ADD CONSTRAINT witnesses_deposition_id_fkey FOREIGN KEY (deposition_id) REFERENCES public.depositions(id) ON DELETE SET NULL;


--
-- PostgreSQL database dump complete
--
