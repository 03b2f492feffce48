import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The Flight SQL JDBC driver on Tarn: look-ups, types, parameters, errors. Arguments: the URL, and the user's count of stays. */
public class FlightCheck {
  private static int passed = 0;
  private static int failed = 0;

  interface Call {
    Object run() throws Exception;
  }

  static void check(String what, Object expected, Call call) {
    Object actual;
    try {
      actual = call.run();
    } catch (Exception error) {
      actual = error.toString();
    }
    if (Objects.equals(String.valueOf(actual), String.valueOf(expected))) {
      passed++;
    } else {
      failed++;
      System.out.println("FAILED " + what + ": " + actual + " instead of " + expected);
    }
  }

  static List<String> column(ResultSet rows, String name) throws SQLException {
    List<String> values = new ArrayList<>();
    try (rows) {
      while (rows.next()) values.add(rows.getString(name));
    }
    return values;
  }

  static void metadata(DatabaseMetaData data) {
    check("the product", "Tarn", data::getDatabaseProductName);
    check("read-only", false, data::isReadOnly);
    check("quotes", "\"", data::getIdentifierQuoteString);
    check("catalogs", List.of("wire"), () -> column(data.getCatalogs(), "TABLE_CAT"));
    check("schemas", List.of("curated"), () -> column(data.getSchemas(null, "cur%"), "TABLE_SCHEM"));
    check("table types", List.of("SYSTEM TABLE", "TABLE", "VIEW"), () -> column(data.getTableTypes(), "TABLE_TYPE"));
    check("tables", List.of("stay"), () -> column(data.getTables(null, "curated", "%", new String[] {"TABLE"}), "TABLE_NAME"));
    check("columns", List.of("id", "revision", "ward"), () -> column(data.getColumns(null, "curated", "stay", "%"), "COLUMN_NAME").subList(0, 3));
    check("a column's type", List.of("3"), () -> column(data.getColumns(null, "curated", "stay", "cost"), "DATA_TYPE"));
    check("the key", List.of("id"), () -> column(data.getPrimaryKeys(null, "curated", "stay"), "COLUMN_NAME"));
    check("imported keys", List.of(), () -> column(data.getImportedKeys(null, "curated", "stay"), "PKCOLUMN_NAME"));
    check("exported keys", List.of(), () -> column(data.getExportedKeys(null, "curated", "stay"), "PKCOLUMN_NAME"));
  }

  static void statements(Connection connection, int stays) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      check("the rows", stays, () -> {
        ResultSet rows = statement.executeQuery("SELECT id, ward, cost, admitted, born, weight, emergency FROM curated.stay ORDER BY id");
        int count = 0;
        while (rows.next()) {
          if (rows.getLong(1) != count || rows.getBigDecimal(3).compareTo(new BigDecimal(count * 7).movePointLeft(2)) != 0
              || rows.getBoolean(7) != (count % 3 == 0)) return "row " + count;
          count++;
        }
        return count;
      });
      check("a wide sum", "12497500", () -> column(statement.executeQuery("SELECT sum(id) AS s FROM curated.stay"), "s").get(0));
      check("a missing table", true, () -> {
        try {
          statement.executeQuery("SELECT 1 FROM curated.stey");
          return "it is there";
        } catch (SQLException error) {
          return error.getMessage().contains("did you mean");
        }
      });
      check("an update of a feed's table", true, () -> {
        try {
          statement.executeUpdate("DELETE FROM curated.stay");
          return "it worked";
        } catch (SQLException error) {
          return error.getMessage().contains("sql.written_by_feed");
        }
      });
      check("updates", List.of(0, 0, 3, 2), () -> List.of(statement.executeUpdate("CREATE SCHEMA lab"),
          statement.executeUpdate("CREATE TABLE lab.t (id BIGINT, v VARCHAR)"),
          statement.executeUpdate("INSERT INTO lab.t VALUES (1, 'a'), (2, 'b'), (3, 'c')"),
          statement.executeUpdate("UPDATE lab.t SET v = 'x' WHERE id > 1")));
      check("a prepared update", 1, () -> {
        try (PreparedStatement update = connection.prepareStatement("INSERT INTO lab.t VALUES (?, ?)")) {
          update.setLong(1, 4);
          update.setString(2, "d");
          return update.executeUpdate();
        }
      });
      check("what was written", List.of("a", "x", "x", "d"), () -> column(statement.executeQuery("SELECT v FROM lab.t ORDER BY id"), "v"));
    }
    check("parameters", "9 ICU", () -> {
      try (PreparedStatement statement = connection.prepareStatement(
          "SELECT count(*) AS c, max(ward) AS w FROM curated.stay WHERE id < ? AND ward = ? AND cost >= ?")) {
        statement.setLong(1, 36);
        statement.setString(2, "ICU");
        statement.setBigDecimal(3, new BigDecimal("0.00"));
        ResultSet rows = statement.executeQuery();
        rows.next();
        return rows.getLong("c") + " " + rows.getString("w");
      }
    });
  }

  public static void main(String[] arguments) throws Exception {
    try (Connection connection = DriverManager.getConnection(arguments[0])) {
      metadata(connection.getMetaData());
      statements(connection, Integer.parseInt(arguments[1]));
    }
    System.out.println(passed + " passed, " + failed + " failed");
    System.exit(failed == 0 && passed > 0 ? 0 : 1);
  }
}
