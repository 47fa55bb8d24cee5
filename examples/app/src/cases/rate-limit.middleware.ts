import { Inject, Injectable, Logger, NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';

import { SETTINGS } from '../config/settings.module.js';
import type { Settings } from '../config/settings.js';
import { RedisService } from '../redis/redis.service.js';

/** Allows RATE_LIMIT_MAX requests of an address in RATE_LIMIT_TTL seconds, counted in Redis. */
@Injectable()
export class RateLimitMiddleware implements NestMiddleware {
  private readonly logger = new Logger('RateLimit');

  constructor(
    private readonly redis: RedisService,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async use(request: Request, response: Response, next: NextFunction): Promise<void> {
    const { windowSeconds, max } = this.settings.rateLimit;
    if ((await this.count(`rate:${request.ip}`, windowSeconds)) <= max) return next();
    response
      .status(429)
      .set('retry-after', String(windowSeconds))
      .json({ errors: [{ message: 'too many requests' }] });
  }

  /** Without Redis nothing is limited: answering matters more. */
  private async count(key: string, windowSeconds: number): Promise<number> {
    try {
      return await this.redis.countWithin(key, windowSeconds);
    } catch (error) {
      this.logger.warn(`not limited: ${(error as Error).message}`);
      return 0;
    }
  }
}
