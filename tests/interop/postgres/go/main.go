// pgx on Tarn: go run . URL
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var passed, failed int

func check(what string, expected any, call func() (any, error)) {
	actual, err := call()
	var known *pgconn.PgError
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
	fmt.Printf("FAILED %s: %v instead of %v\n", what, actual, expected)
}

func main() {
	ctx := context.Background()
	connection, err := pgx.Connect(ctx, os.Args[1])
	if err != nil {
		fmt.Println("FAILED connecting:", err)
		os.Exit(1)
	}
	check("parameters in binary", 8, func() (any, error) {
		var count int64
		err := connection.QueryRow(ctx, "SELECT count(*) FROM curated.stay WHERE id < $1 AND ward = $2 AND admitted > $3", 32, "ICU",
			time.Date(2024, 12, 31, 0, 0, 0, 0, time.UTC)).Scan(&count)
		return count, err
	})
	check("values", "42 x [1 2] 1.5", func() (any, error) {
		var whole int32
		var text string
		var list []int32
		var real float64
		err := connection.QueryRow(ctx, "SELECT $1::int + 1, $2::text, [1, 2]::int[], 1.5::double", 41, "x").Scan(&whole, &text, &list, &real)
		return fmt.Sprint(whole, " ", text, " ", list, " ", real), err
	})
	check("all rows, decoded", 5000, func() (any, error) {
		rows, err := connection.Query(ctx, "SELECT * FROM curated.stay")
		if err != nil {
			return nil, err
		}
		count := 0
		for rows.Next() {
			if _, err := rows.Values(); err != nil {
				return nil, err
			}
			count++
		}
		return count, rows.Err()
	})
	check("a batch", "[0 1 2 3 4]", func() (any, error) {
		batch := &pgx.Batch{}
		for i := 0; i < 5; i++ {
			batch.Queue("SELECT $1::int", i)
		}
		results := connection.SendBatch(ctx, batch)
		values := make([]int, 5)
		for i := range values {
			if err := results.QueryRow().Scan(&values[i]); err != nil {
				return nil, err
			}
		}
		return values, results.Close()
	})
	check("tables of feeds", "42501", func() (any, error) {
		_, err := connection.Exec(ctx, "DELETE FROM curated.stay")
		return nil, err
	})
	check("a transaction", 1, func() (any, error) {
		transaction, err := connection.Begin(ctx)
		if err != nil {
			return nil, err
		}
		var one int
		if err := transaction.QueryRow(ctx, "SELECT 1").Scan(&one); err != nil {
			return nil, err
		}
		return one, transaction.Commit(ctx)
	})
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 {
		os.Exit(1)
	}
}
