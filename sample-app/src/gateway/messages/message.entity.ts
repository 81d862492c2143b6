import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity()
export class Message {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column('varchar')
  from!: string;

  @Column('varchar')
  text!: string;

  @Column('boolean', { default: false })
  isRead!: boolean;
}
