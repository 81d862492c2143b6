import { Module, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import { UserMiddleware } from './user.middleware.js';

@Module({})
export class UsersModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(UserMiddleware).forRoutes('{*path}');
  }
}
