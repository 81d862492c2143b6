import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Archive } from './archive.js';
import { Mailbox } from './mailbox.entity.js';
import { Message } from './message.entity.js';
import { MessagesController } from './messages.controller.js';
import { MessagesRepository } from './messages.repository.js';
import { MessagesService } from './messages.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Mailbox, Message])],
  controllers: [MessagesController],
  providers: [MessagesService, MessagesRepository, Archive],
})
export class MessagesModule {}
