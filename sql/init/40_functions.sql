-- Functions that migrations, indexes and triggers rely on.
--
-- Each fixes its search_path: a dump restores with an empty one, and an index or a trigger that
-- calls a function which then finds nothing breaks the restore.
--
-- CREATE OR REPLACE rewrites the catalog row on every run but changes nothing in it.

-- unaccent(text) is only STABLE, since the dictionary it finds depends on the search path. Naming
-- the dictionary makes the result constant, so an index may use it.
CREATE OR REPLACE FUNCTION public.imm_unaccent(value text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
SET search_path = pg_catalog, public
AS $$
    SELECT public.unaccent('public.unaccent'::regdictionary, value)
$$;
COMMENT ON FUNCTION public.imm_unaccent(text) IS 'Text without accents; immutable, for indexes.';

CREATE OR REPLACE FUNCTION public.set_updated_at()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION public.set_updated_at() IS 'BEFORE UPDATE trigger: stamps updated_at.';

CREATE OR REPLACE FUNCTION public.generate_random_string(length integer)
RETURNS text
LANGUAGE plpgsql VOLATILE STRICT
SET search_path = pg_catalog, public
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
COMMENT ON FUNCTION public.generate_random_string(integer) IS
    'Random string over A-Z a-z 0-9 from a cryptographic source, without bias.';
