import { Controller, Get, Res } from '@nestjs/common';
import type { Response } from 'express';

import { DatabaseService } from '../database/database.service.js';
import { RedisService } from '../redis/redis.service.js';

@Controller('health')
export class HealthController {
  constructor(
    private readonly database: DatabaseService,
    private readonly redis: RedisService,
  ) {}

  /** 200 when Postgres and Redis answer, else 503 with what is wrong. */
  @Get()
  async health(@Res() response: Response): Promise<void> {
    const [postgres, redis] = await Promise.all([
      probe(() => this.database.query('SELECT 1')),
      probe(() => this.redis.ping()),
    ]);
    const isHealthy = postgres === 'up' && redis === 'up';
    response
      .status(isHealthy ? 200 : 503)
      .json({ status: isHealthy ? 'ok' : 'error', postgres, redis });
  }
}

async function probe(ask: () => Promise<unknown>): Promise<string> {
  try {
    await ask();
    return 'up';
  } catch (error) {
    return `down: ${(error as Error).message || (error as Error).name}`;
  }
}
