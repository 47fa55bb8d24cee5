DROP TABLE public.comments;
DROP TABLE public.taggings;
DROP TABLE public.tags;
DROP TABLE public.templates;
DROP TYPE public.tag_kind;
