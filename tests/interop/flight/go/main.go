// ADBC's driver in Go on Tarn: go run . URI USER PASSWORD
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/apache/arrow-adbc/go/adbc"
	"github.com/apache/arrow-adbc/go/adbc/driver/flightsql"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

var passed, failed int

func check(what string, expected any, call func() (any, error)) {
	actual, err := call()
	var known adbc.Error
	if errors.As(err, &known) {
		actual = known.Code
	} else if err != nil {
		actual = err.Error()
	}
	if fmt.Sprint(actual) == fmt.Sprint(expected) {
		passed++
		return
	}
	failed++
	fmt.Printf("FAILED %s: %v instead of %v (%v)\n", what, actual, expected, err)
}

type client struct {
	ctx        context.Context
	connection adbc.Connection
}

func (c client) statement(sql string) (adbc.Statement, error) {
	statement, err := c.connection.NewStatement()
	if err != nil {
		return nil, err
	}
	return statement, statement.SetSqlQuery(sql)
}

// What a reader has: its rows, and the text of the first one's cells.
func read(reader array.RecordReader) (any, error) {
	defer reader.Release()
	rows, first := int64(0), ""
	for reader.Next() {
		record := reader.RecordBatch()
		if rows == 0 && record.NumRows() > 0 {
			for _, column := range record.Columns() {
				first += " " + column.ValueStr(0)
			}
		}
		rows += record.NumRows()
	}
	return fmt.Sprint(rows, first), reader.Err()
}

func (c client) query(sql string, parameters arrow.RecordBatch) (any, error) {
	statement, err := c.statement(sql)
	if err != nil {
		return nil, err
	}
	defer statement.Close()
	if parameters != nil {
		if err := statement.Prepare(c.ctx); err != nil {
			return nil, err
		}
		if err := statement.Bind(c.ctx, parameters); err != nil {
			return nil, err
		}
	}
	reader, _, err := statement.ExecuteQuery(c.ctx)
	if err != nil {
		return nil, err
	}
	return read(reader)
}

func (c client) update(sql string) (any, error) {
	statement, err := c.statement(sql)
	if err != nil {
		return nil, err
	}
	defer statement.Close()
	return statement.ExecuteUpdate(c.ctx)
}

func (c client) ingest(table, mode string, rows arrow.RecordBatch) (any, error) {
	statement, err := c.connection.NewStatement()
	if err != nil {
		return nil, err
	}
	defer statement.Close()
	for _, option := range [][2]string{{adbc.OptionKeyIngestTargetTable, table}, {adbc.OptionKeyIngestMode, mode},
		{adbc.OptionValueIngestTargetDBSchema, "sandbox"}} {
		if err := statement.SetOption(option[0], option[1]); err != nil {
			return nil, err
		}
	}
	if err := statement.Bind(c.ctx, rows); err != nil {
		return nil, err
	}
	return statement.ExecuteUpdate(c.ctx)
}

// Ids from `first` on, and a ward for each.
func stays(first, count int) arrow.RecordBatch {
	builder := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64}, {Name: "ward", Type: arrow.BinaryTypes.String, Nullable: true}}, nil))
	for i := range count {
		builder.Field(0).(*array.Int64Builder).Append(int64(first + i))
		builder.Field(1).(*array.StringBuilder).Append([]string{"ICU", "A 1", "Ö"}[i%3])
	}
	return builder.NewRecordBatch()
}

func open(ctx context.Context, uri, user, password string) (adbc.Connection, error) {
	database, err := flightsql.NewDriver(memory.DefaultAllocator).NewDatabase(map[string]string{
		adbc.OptionKeyURI: uri, adbc.OptionKeyUsername: user, adbc.OptionKeyPassword: password})
	if err != nil {
		return nil, err
	}
	return database.Open(ctx)
}

func main() {
	ctx := context.Background()
	uri, user, password := os.Args[1], os.Args[2], os.Args[3]
	connection, err := open(ctx, uri, user, password)
	if err != nil {
		fmt.Println("FAILED connecting:", err)
		os.Exit(1)
	}
	c := client{ctx, connection}
	check("a row", "1 42 ö", func() (any, error) { return c.query("SELECT 42 AS a, 'ö' AS b", nil) })
	check("all rows", "5000 0 ICU", func() (any, error) { return c.query("SELECT id, ward FROM curated.stay ORDER BY id", nil) })
	check("a million rows", "1000000 0", func() (any, error) { return c.query("SELECT * FROM range(1000000)", nil) })
	check("parameters", "1 416", func() (any, error) {
		return c.query("SELECT count(*) FROM curated.stay WHERE id >= ? AND ward = ?", stays(3333+3, 1))
	})
	check("an error", adbc.StatusInvalidArgument, func() (any, error) { return c.query("SELECT nothing FROM curated.stay", nil) })
	check("types of tables", "3 SYSTEM TABLE", func() (any, error) {
		reader, err := connection.GetTableTypes(ctx)
		if err != nil {
			return nil, err
		}
		return read(reader)
	})
	check("a table's columns", 17, func() (any, error) {
		schema := "curated"
		columns, err := connection.GetTableSchema(ctx, nil, &schema, "stay")
		if err != nil {
			return nil, err
		}
		return columns.NumFields(), nil
	})
	check("a schema", 0, func() (any, error) { return c.update("CREATE SCHEMA sandbox") })
	check("ingest", 3000, func() (any, error) { return c.ingest("t", adbc.OptionValueIngestModeCreate, stays(0, 3000)) })
	check("more of it", 10, func() (any, error) { return c.ingest("t", adbc.OptionValueIngestModeAppend, stays(3000, 10)) })
	check("no second table", adbc.StatusAlreadyExists, func() (any, error) {
		return c.ingest("t", adbc.OptionValueIngestModeCreate, stays(0, 1))
	})
	check("an update", 1004, func() (any, error) { return c.update("UPDATE sandbox.t SET ward = NULL WHERE ward = 'ICU'") })
	check("what is there", "1 3010 2006", func() (any, error) { return c.query("SELECT count(*), count(ward) FROM sandbox.t", nil) })
	check("nobody's password", adbc.StatusUnauthenticated, func() (any, error) {
		other, err := open(ctx, uri, user, "wrong")
		if err != nil {
			return nil, err
		}
		return client{ctx, other}.query("SELECT 1", nil)
	})
	if err := connection.Close(); err != nil {
		fmt.Println("FAILED closing:", err)
		failed++
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
