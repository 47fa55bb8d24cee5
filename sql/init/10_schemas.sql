-- The four schemas, their rights and the database's search path.
--
-- public   the application's tables
-- audit    the audit trail
-- temp     working data that may vanish (always written `temp.x`: `pg_temp` is another thing)
-- archive  old data

SET LOCAL client_min_messages = warning;

CREATE SCHEMA IF NOT EXISTS public;
CREATE SCHEMA IF NOT EXISTS audit;
CREATE SCHEMA IF NOT EXISTS temp;
CREATE SCHEMA IF NOT EXISTS archive;

-- The application's user is the owner of its database. It needs rights of its own only where
-- somebody else, such as a superuser, runs this file.
DO $$
DECLARE
    app_user     name;
    schema_name  name;
    relation     record;
    future       record;
BEGIN
    SELECT pg_get_userbyid(datdba) INTO STRICT app_user
      FROM pg_database WHERE datname = current_database();

    FOREACH schema_name IN ARRAY ARRAY['public', 'audit', 'temp', 'archive']::name[] LOOP
        IF NOT (has_schema_privilege(app_user, schema_name, 'USAGE')
            AND has_schema_privilege(app_user, schema_name, 'CREATE')) THEN
            EXECUTE format('GRANT ALL ON SCHEMA %I TO %I', schema_name, app_user);
        END IF;

        IF app_user = current_user THEN
            CONTINUE; -- An owner has all rights on what it creates.
        END IF;

        -- Not GRANT .. ON ALL TABLES: that would warn about the views of foreign extensions. And only
        -- what is missing, as a GRANT writes the catalogs also where it changes nothing.
        FOR relation IN
            SELECT c.oid::regclass AS name, c.relkind = 'S' AS is_sequence
              FROM pg_class c
             WHERE c.relnamespace = schema_name::text::regnamespace
               AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
               AND c.relowner <> app_user::text::regrole
               AND pg_has_role(current_user, c.relowner, 'USAGE')
               AND NOT EXISTS (
                   SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
               AND EXISTS (
                   SELECT FROM unnest(CASE WHEN c.relkind = 'S' THEN ARRAY['USAGE', 'SELECT', 'UPDATE']
                       ELSE ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'] END) AS wanted
                    WHERE NOT CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(app_user, c.oid, wanted)
                              ELSE has_table_privilege(app_user, c.oid, wanted) END)
        LOOP
            EXECUTE format('GRANT ALL ON %s %s TO %I',
                CASE WHEN relation.is_sequence THEN 'SEQUENCE' ELSE 'TABLE' END,
                relation.name, app_user);
        END LOOP;

        -- What this user makes later on. Nobody can say so for somebody else's.
        FOR future IN
            SELECT kind.name
              FROM (VALUES ('TABLES', 'r', 7), ('SEQUENCES', 'S', 3), ('FUNCTIONS', 'f', 1), ('TYPES', 'T', 1))
                   AS kind (name, code, rights)
             WHERE kind.rights > (
                   SELECT count(*)
                     FROM pg_default_acl d, aclexplode(d.defaclacl) a
                    WHERE d.defaclrole = current_user::text::regrole
                      AND d.defaclnamespace = schema_name::text::regnamespace
                      AND d.defaclobjtype = kind.code::"char"
                      AND a.grantee = app_user::text::regrole)
        LOOP
            EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT ALL ON %s TO %I', schema_name, future.name, app_user);
        END LOOP;
    END LOOP;
END
$$;

-- New sessions see it; the one that runs this file keeps its own.
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_db_role_setting s
          JOIN pg_database d ON d.oid = s.setdatabase
         WHERE d.datname = current_database()
           AND s.setrole = 0
           AND 'search_path=public, audit, temp' = ANY (s.setconfig))
    THEN
        EXECUTE format('ALTER DATABASE %I SET search_path = public, audit, temp', current_database());
    END IF;
END
$$;
