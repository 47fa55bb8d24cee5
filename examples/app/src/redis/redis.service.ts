import { Inject, Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';

import { SETTINGS } from '../config/settings.module.js';
import type { Settings } from '../config/settings.js';

@Injectable()
export class RedisService implements OnApplicationShutdown {
  private readonly logger = new Logger('Redis');
  private readonly client: Redis;
  private lastError?: Error;

  constructor(@Inject(SETTINGS) settings: Settings) {
    this.client = new Redis({
      ...settings.redis,
      // While Redis is away a request waits for one attempt, and the connection comes back by itself.
      maxRetriesPerRequest: 1,
      commandTimeout: 3000,
      retryStrategy: (attempt) => Math.min(attempt * 200, 2000),
    });
    this.client.on('ready', () => (this.lastError = undefined));
    this.client.on('error', (error: Error) => {
      this.lastError = error;
      this.logger.warn(error.message);
    });
  }

  /** Throws why the connection is not there, rather than that it was not there in time. */
  async ping(): Promise<void> {
    try {
      await this.client.ping();
    } catch (error) {
      throw this.lastError ?? error;
    }
  }

  /** Counts one more for `key` and returns the count in the window that the first one began. */
  async countWithin(key: string, windowSeconds: number): Promise<number> {
    const [[, count]] = (await this.client
      .multi()
      .incr(key)
      .expire(key, windowSeconds, 'NX')
      .exec()) as [[Error | null, number], unknown];
    return count;
  }

  onApplicationShutdown(): void {
    this.client.disconnect();
  }
}
