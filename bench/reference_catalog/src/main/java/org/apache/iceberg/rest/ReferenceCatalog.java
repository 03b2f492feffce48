package org.apache.iceberg.rest;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.CatalogUtil;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * Iceberg's reference REST catalog over its JDBC catalog in an SQLite file, on 127.0.0.1. Arguments: PORT FOLDER. It lies in
 * this package because the adapter is the package's own.
 */
public final class ReferenceCatalog {
  public static void main(String[] arguments) throws Exception {
    Path folder = Files.createDirectories(Path.of(arguments[1]));
    Map<String, String> backend =
        Map.of(
            "catalog-impl", "org.apache.iceberg.jdbc.JdbcCatalog",
            "uri", "jdbc:sqlite:" + folder.resolve("catalog.db") + "?journal_mode=WAL&synchronous=FULL&busy_timeout=10000",
            "jdbc.schema-version", "V1",
            "warehouse", "file://" + folder.resolve("warehouse"));
    RESTCatalogServer.CatalogContext context =
        new RESTCatalogServer.CatalogContext(
            CatalogUtil.buildIcebergCatalog("backend", backend, new Configuration()), backend);
    ServletContextHandler handler = new ServletContextHandler(ServletContextHandler.NO_SESSIONS);
    handler.addServlet(new ServletHolder(new RESTCatalogServlet(new RESTServerCatalogAdapter(context))), "/*");
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    connector.setPort(Integer.parseInt(arguments[0]));
    server.addConnector(connector);
    server.setHandler(handler);
    server.start();
    server.join();
  }

  private ReferenceCatalog() {}
}
