-- Templates to write from, tags to find by, comments to talk with.
--
-- A tagging or a comment hangs on exactly one thing. A column per kind of thing, rather than a
-- name and an id, lets the database know that the thing exists and take the row along with it.

CREATE TYPE public.tag_kind AS ENUM ('practice', 'document', 'workflow', 'client', 'risk');

CREATE TABLE public.templates (
    id             uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    created_by     uuid REFERENCES public.users (id) ON DELETE SET NULL,
    name           text NOT NULL,
    description    text,
    kind           public.document_type NOT NULL,
    practice_area  public.practice_area,
    body           text NOT NULL,
    variables      text[] NOT NULL DEFAULT '{}',
    version        integer NOT NULL DEFAULT 1 CHECK (version > 0),
    is_active      boolean NOT NULL DEFAULT true,
    metadata       jsonb NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    deleted_at     timestamptz,
    CONSTRAINT templates_version_unique UNIQUE (name, version)
);
CREATE INDEX templates_created_by_idx ON public.templates (created_by);
CREATE INDEX templates_kind_idx ON public.templates (kind) WHERE is_active;

CREATE TABLE public.tags (
    id           uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    name         public.citext NOT NULL UNIQUE,
    kind         public.tag_kind NOT NULL,
    color        text NOT NULL DEFAULT '#808080' CHECK (color ~ '^#[0-9a-f]{6}$'),
    description  text,
    metadata     jsonb NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    deleted_at   timestamptz
);

CREATE TABLE public.taggings (
    id           uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    tag_id       uuid NOT NULL REFERENCES public.tags (id) ON DELETE CASCADE,
    client_id    uuid REFERENCES public.clients (id) ON DELETE CASCADE,
    case_id      uuid REFERENCES public.cases (id) ON DELETE CASCADE,
    document_id  uuid REFERENCES public.legal_documents (id) ON DELETE CASCADE,
    task_id      uuid REFERENCES public.tasks (id) ON DELETE CASCADE,
    tagged_by    uuid REFERENCES public.users (id) ON DELETE SET NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT taggings_one_thing
        CHECK (num_nonnulls(client_id, case_id, document_id, task_id) = 1),
    CONSTRAINT taggings_client_unique UNIQUE (client_id, tag_id),
    CONSTRAINT taggings_case_unique UNIQUE (case_id, tag_id),
    CONSTRAINT taggings_document_unique UNIQUE (document_id, tag_id),
    CONSTRAINT taggings_task_unique UNIQUE (task_id, tag_id)
);
CREATE INDEX taggings_tag_id_idx ON public.taggings (tag_id);
CREATE INDEX taggings_tagged_by_idx ON public.taggings (tagged_by);

CREATE TABLE public.comments (
    id           uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    author_id    uuid REFERENCES public.users (id) ON DELETE SET NULL,
    parent_id    uuid REFERENCES public.comments (id) ON DELETE CASCADE,
    case_id      uuid REFERENCES public.cases (id) ON DELETE CASCADE,
    document_id  uuid REFERENCES public.legal_documents (id) ON DELETE CASCADE,
    task_id      uuid REFERENCES public.tasks (id) ON DELETE CASCADE,
    body         text NOT NULL CHECK (body <> ''),
    resolved_at  timestamptz,
    metadata     jsonb NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    deleted_at   timestamptz,
    CONSTRAINT comments_one_thing CHECK (num_nonnulls(case_id, document_id, task_id) = 1),
    CONSTRAINT comments_not_own_parent CHECK (parent_id <> id)
);
CREATE INDEX comments_author_id_idx ON public.comments (author_id);
CREATE INDEX comments_parent_id_idx ON public.comments (parent_id);
CREATE INDEX comments_case_id_idx ON public.comments (case_id);
CREATE INDEX comments_document_id_idx ON public.comments (document_id);
CREATE INDEX comments_task_id_idx ON public.comments (task_id);
