import { Inject, Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { Pool, QueryResultRow } from 'pg';

import { SETTINGS } from '../config/settings.module.js';
import type { Settings } from '../config/settings.js';

@Injectable()
export class DatabaseService implements OnApplicationShutdown {
  private readonly logger = new Logger('Database');
  private readonly logging: boolean;
  private readonly pool: Pool;

  constructor(@Inject(SETTINGS) settings: Settings) {
    const { poolMin, poolMax, logging, tls, ...server } = settings.database;
    this.logging = logging;
    this.pool = new Pool({
      ...server,
      min: poolMin,
      max: poolMax,
      ssl: tls ?? false,
      connectionTimeoutMillis: 3000,
      application_name: 'lexiflow-app',
    });
    // An idle connection that the server ends is not an error of a query; the pool makes a new one.
    this.pool.on('error', (error) => this.logger.warn(error.message));
  }

  async query<Row extends QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    if (this.logging) this.logger.log(sql);
    return (await this.pool.query<Row>(sql, values)).rows;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.end();
  }
}
