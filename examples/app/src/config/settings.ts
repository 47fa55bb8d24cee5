import { readFileSync } from 'node:fs';

type Environment = Record<string, string | undefined>;

export interface Settings {
  port: number;
  wsPort: number;
  logLevel: LogLevel;
  database: DatabaseSettings;
  redis: { host: string; port: number; password?: string };
  rateLimit: { windowSeconds: number; max: number };
}

export interface DatabaseSettings {
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
  poolMin: number;
  poolMax: number;
  logging: boolean;
  /** Absent: without TLS. */
  tls?: { rejectUnauthorized: boolean; ca?: string };
}

export const LOG_LEVELS = ['error', 'warn', 'log', 'debug', 'verbose'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Reads the settings that `lexi` passes; every wrong value is named in one error. */
export function readSettings(env: Environment): Settings {
  const reader = new Reader(env);
  const settings: Settings = {
    port: reader.integer('PORT', 3000, 0, 65535),
    wsPort: reader.integer('WS_PORT', 3001, 0, 65535),
    logLevel: reader.logLevel(),
    database: {
      host: reader.text('DB_HOST', '127.0.0.1'),
      port: reader.integer('DB_PORT', 5432, 1, 65535),
      database: reader.text('DB_DATABASE', 'lexiflow_dev'),
      user: reader.text('DB_USERNAME', 'lexiflow_user'),
      password: reader.secret('DB_PASSWORD') ?? '',
      poolMin: reader.integer('DB_POOL_MIN', 2, 0, 1000),
      poolMax: reader.integer('DB_POOL_MAX', 20, 1, 1000),
      logging: reader.flag('DB_LOGGING', false),
      tls: reader.tls(),
    },
    redis: {
      host: reader.text('REDIS_HOST', '127.0.0.1'),
      port: reader.integer('REDIS_PORT', 6379, 1, 65535),
      password: reader.secret('REDIS_PASSWORD'),
    },
    rateLimit: {
      windowSeconds: reader.integer('RATE_LIMIT_TTL', 60, 1, 86400),
      max: reader.integer('RATE_LIMIT_MAX', 100, 1, 1_000_000),
    },
  };
  reader.rejectProblems();
  return settings;
}

class Reader {
  private readonly problems: string[] = [];

  constructor(private readonly env: Environment) {}

  text(name: string, fallback: string): string {
    return this.env[name] || fallback;
  }

  integer(name: string, fallback: number, least: number, most: number): number {
    const text = this.env[name];
    if (!text) return fallback;
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    this.problems.push(`${name} must be a whole number from ${least} to ${most}, not \`${text}\``);
    return fallback;
  }

  flag(name: string, fallback: boolean): boolean {
    const text = this.env[name];
    if (!text) return fallback;
    if (text === 'true' || text === 'false') return text === 'true';
    this.problems.push(`${name} must be \`true\` or \`false\`, not \`${text}\``);
    return fallback;
  }

  /** A secret is the value of NAME, or what the file named by NAME_FILE holds. Empty means none. */
  secret(name: string): string | undefined {
    const file = this.env[`${name}_FILE`];
    if (!file) return this.env[name] || undefined;
    return this.file(`${name}_FILE`, file)?.trimEnd() || undefined;
  }

  tls(): DatabaseSettings['tls'] {
    if (!this.flag('DB_SSL', false)) return undefined;
    const ca = this.env.DB_SSL_CA;
    return {
      rejectUnauthorized: this.flag('DB_SSL_REJECT_UNAUTHORIZED', true),
      ca: ca ? this.file('DB_SSL_CA', ca) : undefined,
    };
  }

  logLevel(): LogLevel {
    const text = this.text('LOG_LEVEL', 'info');
    const level = LOG_LEVELS.find((known) => known === (text === 'info' ? 'log' : text));
    if (level) return level;
    this.problems.push(`LOG_LEVEL must be error, warn, info, debug or verbose, not \`${text}\``);
    return 'log';
  }

  rejectProblems(): void {
    if (this.problems.length > 0) throw new Error(this.problems.join('\n'));
  }

  private file(name: string, path: string): string | undefined {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      this.problems.push(`${name}: ${(error as Error).message}`);
      return undefined;
    }
  }
}
