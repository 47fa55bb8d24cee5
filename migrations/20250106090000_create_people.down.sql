DROP TABLE public.sessions;
DROP TABLE public.user_profiles;
DROP TABLE public.users;
DROP TYPE public.user_status;
