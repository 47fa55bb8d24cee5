import { Logger } from '@nestjs/common';

import { createApp } from './app.js';
import { readSettings } from './config/settings.js';

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const app = await createApp(settings);
  await app.listen(settings.port, '0.0.0.0');
  new Logger('App').log(`HTTP on ${settings.port}, websocket on ${settings.wsPort}`);
}

main().catch((error: Error) => {
  new Logger('App').fatal(error.message);
  process.exitCode = 1;
});
