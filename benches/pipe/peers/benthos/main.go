// Benthos with franz-go at both ends: its own Kafka connectors are not part of the open core, so these are the
// shortest that keep at-least-once: offsets are committed in order, once the batch is acknowledged.
//
//	KAFKA_BOOTSTRAP=... IN=... OUT=... benthos run benthos.yaml
package main

import (
	"context"
	"os"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/twmb/franz-go/pkg/kgo"
)

const batchRecords = 1000

type source struct{ client *kgo.Client }

func (s *source) Connect(context.Context) (err error) {
	if s.client == nil {
		s.client, err = kgo.NewClient(
			kgo.SeedBrokers(os.Getenv("KAFKA_BOOTSTRAP")),
			kgo.ConsumerGroup("benthos-"+os.Getenv("OUT")),
			kgo.ConsumeTopics(os.Getenv("IN")),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
			kgo.AutoCommitMarks(),
		)
	}
	return err
}

func (s *source) ReadBatch(ctx context.Context) (service.MessageBatch, service.AckFunc, error) {
	fetches := s.client.PollRecords(ctx, batchRecords)
	if err := fetches.Err0(); err != nil {
		return nil, nil, err
	}
	records := fetches.Records()
	batch := make(service.MessageBatch, 0, len(records))
	for _, record := range records {
		message := service.NewMessage(record.Value)
		message.MetaSetMut("key", string(record.Key))
		batch = append(batch, message)
	}
	// A batch that failed is tried again by Benthos (AutoRetryNacksBatched), so whatever ends here was delivered.
	return batch, func(context.Context, error) error { s.client.MarkCommitRecords(records...); return nil }, nil
}

func (s *source) Close(context.Context) error {
	s.client.Close()
	return nil
}

type sink struct{ client *kgo.Client }

func (s *sink) Connect(context.Context) (err error) {
	s.client, err = kgo.NewClient(
		kgo.SeedBrokers(os.Getenv("KAFKA_BOOTSTRAP")),
		kgo.DefaultProduceTopic(os.Getenv("OUT")),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
	)
	return err
}

func (s *sink) WriteBatch(ctx context.Context, batch service.MessageBatch) error {
	records := make([]*kgo.Record, 0, len(batch))
	for _, message := range batch {
		value, err := message.AsBytes()
		if err != nil {
			return err
		}
		key, _ := message.MetaGet("key")
		records = append(records, &kgo.Record{Key: []byte(key), Value: value})
	}
	return s.client.ProduceSync(ctx, records...).FirstErr()
}

func (s *sink) Close(context.Context) error {
	s.client.Close()
	return nil
}

func main() {
	spec := service.NewConfigSpec()
	service.MustRegisterBatchInput("franz", spec,
		func(*service.ParsedConfig, *service.Resources) (service.BatchInput, error) {
			return service.AutoRetryNacksBatched(&source{}), nil
		})
	service.MustRegisterBatchOutput("franz", spec,
		func(*service.ParsedConfig, *service.Resources) (service.BatchOutput, service.BatchPolicy, int, error) {
			// One batch in flight: marks are committed in order.
			return &sink{}, service.BatchPolicy{}, 1, nil
		})
	service.RunCLI(context.Background())
}
