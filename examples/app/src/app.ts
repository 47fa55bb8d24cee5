import 'reflect-metadata';

import { ConsoleLogger, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';

import { AppModule } from './app.module.js';
import { LOG_LEVELS, type Settings } from './config/settings.js';

/** The application, not listening yet. */
export async function createApp(settings: Settings): Promise<INestApplication> {
  const logger = new ConsoleLogger({
    logLevels: LOG_LEVELS.slice(0, LOG_LEVELS.indexOf(settings.logLevel) + 1),
    colors: Boolean(process.stdout.isTTY),
  });
  const app = await NestFactory.create(AppModule, { logger });
  app.useWebSocketAdapter(new WsAdapter(app));
  app.enableShutdownHooks();
  return app;
}
