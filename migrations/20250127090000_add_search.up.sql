-- Search: the questions the indexes of the tables were built to answer.

-- Documents that match a query written as in a web search: words, "a phrase", or, -not.
CREATE FUNCTION public.search_documents(query text, max_rows integer DEFAULT 20)
RETURNS TABLE (document_id uuid, case_id uuid, title text, rank real, headline text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, public
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

-- Everyone whose name resembles one that is to be checked for a conflict of interest. Accents and
-- case do not count. 0.4 finds a misspelt name and few others; % lets the trigram indexes find
-- them and cuts off at 0.3 (pg_trgm.similarity_threshold), so a lower threshold changes nothing.
CREATE FUNCTION public.search_names(wanted text, threshold real DEFAULT 0.4)
RETURNS TABLE (source_table text, record_id uuid, name text, likeness real)
LANGUAGE sql STABLE
SET search_path = pg_catalog, public
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
