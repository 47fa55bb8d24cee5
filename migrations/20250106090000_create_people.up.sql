-- People: who works here, what they may do, and where they are signed in.

CREATE TYPE public.user_status AS ENUM ('invited', 'active', 'suspended', 'deactivated');

CREATE TABLE public.users (
    id                  uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    email               public.citext NOT NULL UNIQUE,
    password_hash       text NOT NULL,
    first_name          text NOT NULL,
    last_name           text NOT NULL,
    full_name           text GENERATED ALWAYS AS (first_name || ' ' || last_name) STORED,
    role                public.user_role NOT NULL DEFAULT 'user',
    status              public.user_status NOT NULL DEFAULT 'invited',
    is_mfa_enabled      boolean NOT NULL DEFAULT false,
    mfa_secret          text,
    failed_login_count  integer NOT NULL DEFAULT 0 CHECK (failed_login_count >= 0),
    locked_until        timestamptz,
    email_verified_at   timestamptz,
    last_login_at       timestamptz,
    metadata            jsonb NOT NULL DEFAULT '{}',
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    deleted_at          timestamptz,
    CONSTRAINT users_email_has_at CHECK (strpos(email::text, '@') > 1),
    CONSTRAINT users_mfa_has_secret CHECK (NOT is_mfa_enabled OR mfa_secret IS NOT NULL)
);
CREATE INDEX users_role_idx ON public.users (role) WHERE deleted_at IS NULL;
CREATE INDEX users_full_name_trgm_idx ON public.users
    USING gin (public.imm_unaccent(full_name) public.gin_trgm_ops);

CREATE TABLE public.user_profiles (
    id           uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    user_id      uuid NOT NULL UNIQUE REFERENCES public.users (id) ON DELETE CASCADE,
    job_title    text NOT NULL,
    department   text,
    office       text,
    phone        text,
    timezone     text NOT NULL DEFAULT 'UTC',
    bar_number   text,
    bar_state    text CHECK (bar_state ~ '^[A-Z]{2}$'),
    admitted_on  date,
    hired_on     date,
    hourly_rate  numeric(15,2) CHECK (hourly_rate >= 0),
    specialties  text[] NOT NULL DEFAULT '{}',
    bio          text,
    metadata     jsonb NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    deleted_at   timestamptz,
    CONSTRAINT user_profiles_bar_is_whole
        CHECK ((bar_number IS NULL) = (bar_state IS NULL)),
    CONSTRAINT user_profiles_bar_unique UNIQUE (bar_state, bar_number)
);

CREATE TABLE public.sessions (
    id            uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    user_id       uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
    token_hash    text NOT NULL UNIQUE,
    ip_address    inet,
    user_agent    text,
    expires_at    timestamptz NOT NULL,
    last_seen_at  timestamptz,
    revoked_at    timestamptz,
    metadata      jsonb NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    deleted_at    timestamptz,
    CONSTRAINT sessions_expire_later CHECK (expires_at > created_at)
);
CREATE INDEX sessions_user_id_idx ON public.sessions (user_id);
CREATE INDEX sessions_expires_at_idx ON public.sessions (expires_at) WHERE revoked_at IS NULL;
