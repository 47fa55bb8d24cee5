-- Text search for legal documents: `legal_english` is english that ignores accents.

DO $$
BEGIN
    -- CREATE TEXT SEARCH CONFIGURATION has no IF NOT EXISTS.
    IF NOT EXISTS (
        SELECT FROM pg_ts_config
         WHERE cfgname = 'legal_english' AND cfgnamespace = 'public'::regnamespace)
    THEN
        CREATE TEXT SEARCH CONFIGURATION public.legal_english (COPY = pg_catalog.english);
    END IF;

    -- Only words with letters beyond ASCII can carry an accent: three of the token types.
    IF (SELECT count(*)
          FROM pg_ts_config_map m
          JOIN ts_token_type('default') t ON t.tokid = m.maptokentype
         WHERE m.mapcfg = 'public.legal_english'::regconfig
           AND t.alias IN ('word', 'hword', 'hword_part')
           AND m.mapseqno = 1
           AND m.mapdict = 'public.unaccent'::regdictionary) <> 3
    THEN
        ALTER TEXT SEARCH CONFIGURATION public.legal_english
            ALTER MAPPING FOR word, hword, hword_part
            WITH public.unaccent, pg_catalog.english_stem;
    END IF;
END
$$;
