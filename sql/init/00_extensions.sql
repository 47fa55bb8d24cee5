-- The ten extensions, all in schema `public` so that qualified names in later files hold.
--
-- Eight are trusted: the owner of the database may create them. Two are not, see below.
-- https://www.postgresql.org/docs/15/sql-createextension.html

SET LOCAL client_min_messages = warning; -- "already exists, skipping" is no news on a rerun.

CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS fuzzystrmatch WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;

-- Nothing in the model depends on these two: they only observe. A missing right is therefore a
-- warning with the command to run, not the end of the initialisation.
DO $$
DECLARE
    extension_name text;
BEGIN
    FOREACH extension_name IN ARRAY ARRAY['pg_stat_statements', 'pgstattuple'] LOOP
        BEGIN
            EXECUTE format('CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA public', extension_name);
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE WARNING 'extension `%` was not created: user `%` is not a superuser; run as one in database `%`: %',
                extension_name, current_user, current_database(),
                format('CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA public;', extension_name);
        END;
    END LOOP;
END
$$;
