import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';

import { readSettings } from '../config/settings.js';

interface Answer {
  event: string;
  data: unknown;
}

/** Messages are JSON: `{"event": "ping"}` is answered with `{"event": "pong", "data": ..}`. */
@WebSocketGateway(readSettings(process.env).wsPort)
export class EventsGateway {
  @SubscribeMessage('ping')
  ping(): Answer {
    return { event: 'pong', data: { at: new Date().toISOString() } };
  }

  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown): Answer {
    return { event: 'echo', data };
  }
}
